// Sends a form to the server, again and again until it answers; what is sent twice is saved once.
"use strict";

const trouble = document.getElementById("trouble");

function show(words) {
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
      if (answer.status < 500) {
        show(`Not saved: ${(await answer.text()).replace(/<[^>]*>/g, " ")} Load this page again.`);
        trouble.dataset.refused = "yes";
        return null;
      }
    } catch (error) {
      // No server: try again below.
    }
    show("Not saved yet: the server does not answer. Trying again …");
    await new Promise((done) => setTimeout(done, 500));
  }
}
