// Small comforts on top of pages that work without any script.

// A date or time that is typed halfway, or that no calendar has, would be sent as if nothing had been typed. The browser
// says at the field what is wrong, in the person's language; first of all listeners, so that nothing is sent.
document.addEventListener(
  "submit",
  (event) => {
    const half = [...event.target.elements].find((field) => field.validity?.badInput);
    if (!half) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    half.closest("details")?.setAttribute("open", "");
    half.reportValidity();
  },
  true,
);

// Sending a form twice books twice as slowly, never twice as much: the second send is dropped.
document.addEventListener("submit", (event) => {
  const form = event.target;
  // A download leaves the page as it is, and the form may be sent again.
  if (!form.matches("[data-submit-once]:not([data-download])")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  form.setAttribute("aria-busy", "true");
});

// Coming back with the back button shows the form as it was, so it may be sent again.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) release(document);
});

// A reply put into the page by htmx has used up the send.
document.addEventListener("htmx:after:request", () => release(document));

function release(root) {
  for (const form of root.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) {
    const field = document.getElementById(button.dataset.copy);
    // Marked first: where the browser forbids copying, the person can still press the keys.
    field.select();
    await navigator.clipboard.writeText(field.value);
    button.textContent = button.dataset.copied;
    return;
  }
  closeMenus(event.target);
  const target = event.target.closest('a[href^="#"]')?.hash.slice(1);
  // A link to something folded away unfolds it.
  if (target) document.getElementById(target)?.closest("details")?.setAttribute("open", "");
});

const MENUS = ["menu", "bar-menu", "bar-phone"].map((name) => `details.${name}[open]`).join();

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll(MENUS)) {
    const inside = menu.contains(document.activeElement);
    menu.open = false;
    if (inside) menu.querySelector("summary").focus();
  }
});

// A menu closes when one goes elsewhere, by a click or by the keyboard.
document.addEventListener("focusin", (event) => closeMenus(event.target));

function closeMenus(reached) {
  for (const menu of document.querySelectorAll(MENUS)) {
    if (!menu.contains(reached)) menu.open = false;
  }
}

function start() {
  // Copying needs a script and a safe origin; without them the text can be marked by hand.
  if (navigator.clipboard) document.documentElement.classList.add("can-copy");
  // A refused form is read from its summary on.
  document.querySelector("[data-focus]")?.focus();
}

start();
