// Sends a form to the server, again and again until it answers; what is sent twice is saved once.
"use strict";

const trouble = document.getElementById("trouble");

// The sentence of a refusal, whether it comes from the page or from a proxy before it.
async function why(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return (page.getElementById("reason") ?? page.body).textContent.trim();
}

export function show(words) {
  trouble.textContent = words;
  trouble.hidden = !words;
}

// Returns the answer, or null if the server refused the form, which is shown.
export async function post(address, body, redirect = "follow") {
  for (;;) {
    try {
      const answer = await fetch(address, { method: "POST", body: new URLSearchParams(body), redirect });
      if (answer.ok || answer.type === "opaqueredirect") {
        if (!trouble.dataset.refused) show("");
        return answer;
      }
      const reason = await why(answer);
      if (answer.status < 500) {
        show(`Not saved: ${reason} Load this page again.`);
        trouble.dataset.refused = "yes";
        return null;
      }
      show(`Not saved yet: ${reason} Trying again …`);
    } catch (error) {
      // No server, or none that was asked to the end.
      show("Not saved yet: the server does not answer. Trying again …");
    }
    await new Promise((done) => setTimeout(done, 500));
  }
}
