"use strict";
// What follows # never leaves the browser; it is what `bicoastal lab up` printed.
const token = new URLSearchParams(location.hash.slice(1)).get("token") || "";
const buttons = [...document.querySelectorAll("button[id]")];
const said = document.getElementById("said");
const problem = document.getElementById("problem");
let offered = new Set();
let busy = false;

function able(button) {
  return token !== "" && !busy && offered.has(button.id);
}

function enable() {
  // Not `disabled`: that would take the keyboard's focus away from what was just pressed.
  for (const button of buttons) button.setAttribute("aria-disabled", String(!able(button)));
}

function tell(words) {
  problem.textContent = words;
  problem.hidden = words === "";
}

async function show() {
  try {
    const answer = await fetch("state");
    if (!answer.ok) throw new Error(await answer.text());
    const state = await answer.json();
    for (const [id, html] of Object.entries(state.parts)) {
      document.getElementById(id).innerHTML = html;
    }
    offered = new Set(state.offered);
    tell(token ? "" : "Watching only: the buttons need the whole address that 'bicoastal lab up' printed.");
  } catch (error) {
    offered = new Set();
    tell(`The lab does not answer: ${error.message}. Was it taken down?`);
  }
  enable();
  setTimeout(show, 1000);
}

async function press(button) {
  const name = button.getAttribute("aria-label").trim();
  if (!able(button)) {
    said.textContent = busy ? "One thing at a time." : `${name}: not now.`;
    return;
  }
  busy = true;
  enable();
  said.textContent = `${name} …`;
  try {
    const answer = await fetch("press", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Bicoastal-Token": token },
      body: JSON.stringify({ button: button.id }),
    });
    const words = answer.ok ? (await answer.json()).text : await answer.text();
    said.textContent = `${name}: ${words}`;
  } catch (error) {
    said.textContent = `${name}: no answer (${error.message})`;
  }
  busy = false;
  enable();
}

for (const button of buttons) button.addEventListener("click", () => press(button));
show();
