// Asks before an event becomes a goal, and makes it one.

import { ask, Failure } from "../base/ask.js";
import { find } from "./tables.js";

const dialog = find("new-goal");
const form = dialog.querySelector("form");
const failure = dialog.querySelector(".failure");
const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
let asked = null;

// Opens the dialog; `made` is called when the event is a goal.
export function offerGoal(name, { namespace, made }) {
  asked = { name, namespace, made };
  dialog.querySelector(".name").textContent = name;
  tell("");
  dialog.showModal();
}

function tell(message) {
  failure.textContent = message;
  failure.hidden = !message;
}

async function make() {
  const { name, namespace, made } = asked;
  const button = form.querySelector("[value=make]");
  button.disabled = true;
  try {
    await ask("../v0/goals", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ goal_name: name, namespace }),
    });
    dialog.close();
    made();
  } catch (reason) {
    if (!(reason instanceof Failure)) throw reason;
    tell(`It was not made a goal. ${reason.message}${reason.isLogin ? " Reload the page to log in again." : ""}`);
  } finally {
    button.disabled = false;
  }
}

form.addEventListener("submit", (event) => {
  if (event.submitter?.value !== "make") return; // closed as the form says
  event.preventDefault();
  make();
});
