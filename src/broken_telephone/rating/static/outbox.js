// Forms on their way to the server: one after the other, in the order in which they were added. They are kept over a
// reload of the page until the server has them.
"use strict";

import { post } from "./post.js";

export class Outbox {
  constructor(address) {
    this.address = address;
    this.waiting = JSON.parse(sessionStorage.getItem(`outbox ${address}`) ?? "[]");
    window.addEventListener("beforeunload", (event) => {
      if (this.waiting.length) event.preventDefault();
    });
  }

  add(form) {
    this.waiting.push(form.toString());
    this.keep();
    this.send();
  }

  async send() {
    if (this.sending) return;
    this.sending = true;
    while (this.waiting.length) {
      // Where the server would lead to does not matter: the page is there already.
      await post(this.address, this.waiting[0], "manual");
      this.waiting.shift();
      this.keep();
    }
    this.sending = false;
  }

  keep() {
    sessionStorage.setItem(`outbox ${this.address}`, JSON.stringify(this.waiting));
  }
}
