// The diary: turns the list of visits into a calendar, lets visits be dragged, opens their menus, and keeps all up to date.
// Everything it does can be done without it: by the list, the visit's page and the form that moves it.

const root = document.getElementById("diary");
const facts = root.dataset;
const list = document.getElementById("diary-list");
const grid = document.getElementById("diary-grid");
const tip = document.getElementById("diary-tip");
const said = document.getElementById("diary-said");
const flashes = document.getElementById("flashes");
const wide = matchMedia("(min-width: 861px)");
const wanted = root.classList.contains("diary-as-calendar");
const POLL_SECONDS = 5;
const MINUTE = 60000;

let calendar = null;
let held = null; // The drag that is going on: its visit, its places once they came, what was last said of it.
let menu = null; // The menu that is open: its box, and which card or free place it belongs to.
let busy = false;
let freeShown = false; // Whether free places are on the way of the arrow keys.

// A tablet that is turned has the calendar one way and the list the other.
function asCalendar() {
  return calendar !== null && wide.matches;
}

// ---------- Reading the list ----------

function lines() {
  return [...list.querySelectorAll("[data-visit]")];
}

function line(id) {
  return list.querySelector(`[data-visit="${CSS.escape(id)}"]`);
}

function events() {
  const visits = lines().map((each) => ({
    id: each.dataset.visit,
    resourceIds: [each.dataset.column],
    start: each.dataset.start,
    end: each.dataset.end,
    editable: "movable" in each.dataset,
    classNames: [...each.classList, ...("movable" in each.dataset ? ["can-move"] : [])].filter((name) => name !== "diary-visit"),
    extendedProps: { face: each.querySelector(".diary-face").innerHTML },
  }));
  return visits.concat(offTimes(), freeShown ? freeTimes() : []);
}

// Free time hour by hour, so that the keyboard may choose where in it a visit begins.
function freePlaces() {
  const found = [];
  for (const of of list.querySelectorAll(".diary-free[data-start]")) {
    const { column, start, end } = of.dataset;
    for (let from = start; from < end; ) {
      const hour = wall((Math.floor(new Date(`${from}Z`) / (60 * MINUTE)) + 1) * 60 * MINUTE);
      const until = hour < end ? hour : end;
      found.push({ id: `free-${column}-${from}`, column, from, until, of });
      from = until;
    }
  }
  return found;
}

// What the keyboard finds between the visits; the mouse and fingers find it without.
function freeTimes() {
  if (!facts.free && !facts.book) return [];
  return freePlaces().map(({ id, column, from, until }) => ({
    id,
    resourceIds: [column],
    start: from,
    end: until,
    display: "background",
    classNames: ["free-time"],
    extendedProps: { free: true },
  }));
}

function offTimes() {
  const found = [];
  for (const column of list.querySelectorAll("[data-off]")) {
    const day = column.closest("[data-day]").dataset.day;
    for (const [first, last, kind] of JSON.parse(column.dataset.off)) {
      found.push({
        id: `off-${day}-${column.dataset.column}-${first}`,
        resourceIds: [column.dataset.column],
        start: `${day}T${first}`,
        end: last === "24:00" ? `${nextDay(day)}T00:00` : `${day}T${last}`,
        display: "background",
        classNames: ["off", `off-${kind}`],
        extendedProps: { word: offWord(column, kind) },
      });
    }
  }
  return found;
}

function offWord(column, kind) {
  return kind === "hours" ? "" : column.closest("[data-words]").dataset[`word${kind[0].toUpperCase()}${kind.slice(1)}`];
}

function hiddenDays() {
  if (facts.days === "1") return [];
  const idle = [...list.querySelectorAll(".diary-day[hidden]")].map((day) => new Date(`${day.dataset.day}T12:00`).getDay());
  return idle.length < 7 ? idle : [];
}

function nextDay(day) {
  const next = new Date(`${day}T12:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  return next.toISOString().slice(0, 10);
}

// ---------- The calendar ----------

function build() {
  const step = Number(facts.grid);
  const columns = JSON.parse(facts.columns);
  calendar = EventCalendar.create(grid, {
    view: facts.days === "1" ? "resourceTimeGridDay" : "resourceTimeGridWeek",
    date: facts.first,
    firstDay: 1,
    hiddenDays: hiddenDays(),
    headerToolbar: { start: "", center: "", end: "" },
    allDaySlot: false,
    datesAboveResources: facts.days !== "1",
    resources: columns.map(([id, name]) => ({ id, title: name })),
    columnWidth: facts.days === "1" && columns.length < 9 ? undefined : "minmax(168px, 1fr)",
    slotMinTime: clock(Number(facts.opens) * 60),
    slotMaxTime: clock(Number(facts.closes) * 60),
    slotDuration: "00:30",
    slotHeight: 44,
    snapDuration: clock(step),
    scrollTime: clock(Number(facts.opens) * 60),
    locale: document.documentElement.lang,
    eventTimeFormat: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    slotLabelFormat: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    dayHeaderFormat: { weekday: "short", day: "numeric", month: "short" },
    nowIndicator: facts.today === localDay(new Date()),
    eventDurationEditable: true,
    longPressDelay: 400,
    events: events(),
    eventContent: ({ event }) => content(event),
    eventDidMount: ({ event, el }) => mark(event, el),
    eventAllUpdated: plain,
    viewDidMount: plain,
    eventDragStart: ({ event, jsEvent }) => hold(event, jsEvent, false),
    eventResizeStart: ({ event, jsEvent }) => hold(event, jsEvent, true),
    dragConstraint: (info) => weigh(info.event),
    resizeConstraint: (info) => weigh(info.event),
    eventDrop: drop,
    eventResize: drop,
    dateClick: offerPlace,
  });
}

function clock(minutes) {
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

function content(event) {
  const { face, word, glow, free } = event.extendedProps;
  if (glow || free) return "";
  if (face === undefined) return word ? { domNodes: [worded("span", word, "off-word")] } : "";
  const template = document.createElement("template");
  template.innerHTML = face;
  if (event.display === "preview") template.content.querySelector(".diary-time").textContent = `${time(event.start)}–${time(event.end)}`;
  return { domNodes: [...template.content.children] };
}

function worded(tag, words, className = "") {
  const element = document.createElement(tag);
  element.textContent = words;
  element.className = className;
  return element;
}

// A card says all that one sees of it by its place: the day, and whose column it stands in.
function mark(event, el) {
  if (event.extendedProps.free) {
    el.dataset.place = event.id;
    return;
  }
  if (event.extendedProps.face === undefined || event.display === "preview") {
    el.setAttribute("aria-hidden", "true");
    return;
  }
  el.dataset.visit = event.id;
}

// EventCalendar calls itself a table but has no rows of cells; what it is is a group of buttons.
function plain() {
  for (const each of grid.querySelectorAll("[role=table], [role=row], [role=rowgroup], [role=columnheader], [role=cell]")) {
    each.removeAttribute("role");
    for (const name of ["aria-colindex", "aria-colspan", "aria-rowindex"]) each.removeAttribute(name);
  }
  // A label on an element without a role is read by nobody.
  for (const each of grid.querySelectorAll(".ec-header [aria-label]")) each.removeAttribute("aria-label");
  const main = grid.querySelector(".ec-main");
  if (main) {
    main.setAttribute("role", "group");
    main.setAttribute("aria-label", document.querySelector("h1").textContent);
    // It scrolls, so the keyboard must reach into it also where it holds no visit.
    if (cards().length) main.removeAttribute("tabindex");
    else main.tabIndex = 0;
  }
  for (const card of cards()) {
    const of = line(card.dataset.visit);
    if (!of) continue;
    const face = faceOf(card);
    face.setAttribute("role", "button");
    face.setAttribute("aria-haspopup", "dialog");
    face.setAttribute("aria-label", label(of));
    if (!face.hasAttribute("tabindex")) face.tabIndex = -1;
  }
  const places = freeShown ? new Map(freePlaces().map((each) => [each.id, each])) : new Map();
  for (const place of grid.querySelectorAll("[data-place]")) {
    const at = places.get(place.dataset.place);
    if (!at) continue;
    place.setAttribute("role", "button");
    place.setAttribute("aria-haspopup", "dialog");
    place.setAttribute("aria-label", `${at.from.slice(11)}–${at.until.slice(11)}, ${label(at.of)}`);
    if (!place.hasAttribute("tabindex")) place.tabIndex = -1;
  }
  rove();
}

function label(of) {
  const column = of.closest(".diary-column").querySelector("h3").textContent;
  const day = of.closest(".diary-day").querySelector("h2").firstChild.textContent.trim();
  // Of a free time the word alone: its hours are longer than those of the place.
  const parts = of.querySelector(".diary-face")?.children ?? of.querySelectorAll(":scope > .diary-time + span");
  return [...[...parts].map((part) => part.textContent.trim().replace(/\s+/g, " ")), column, day].join(", ");
}

function cards() {
  return [...grid.querySelectorAll(".ec-event[data-visit]:not(.ec-ghost)")];
}

// All that the arrow keys reach.
function stops() {
  return [...cards(), ...grid.querySelectorAll("[data-place]")];
}

// What of a card, of a free place or of a line of the list has the focus.
function faceOf(card) {
  return card.matches("[data-place]") ? card : card.querySelector(".ec-event-body, .diary-face");
}

// One card at a time is on the way of the Tab key; the arrows lead to the others and to what is free between them.
function rove(chosen = null) {
  const all = stops();
  const current = chosen ?? all.find((card) => faceOf(card).tabIndex === 0) ?? all[0];
  for (const card of all) faceOf(card).tabIndex = card === current ? 0 : -1;
}

function beside(card, key) {
  const from = card.getBoundingClientRect();
  const middle = (box) => [box.left + box.width / 2, box.top + box.height / 2];
  const [x, y] = middle(from);
  let best = null;
  for (const other of stops()) {
    if (other === card) continue;
    const [ox, oy] = middle(other.getBoundingClientRect());
    const along = { ArrowUp: y - oy, ArrowDown: oy - y, ArrowLeft: x - ox, ArrowRight: ox - x }[key];
    const across = key === "ArrowUp" || key === "ArrowDown" ? Math.abs(ox - x) * 4 : Math.abs(oy - y);
    if (along > 4 && (best === null || along + across < best.far)) best = { other, far: along + across };
  }
  return best?.other;
}

// ---------- Dragging ----------

function hold(event, jsEvent, resizing) {
  closeMenu();
  held = { id: event.id, resizing, places: null, words: null, tone: "", glow: [], cancelled: false };
  const current = held;
  const from = line(event.id);
  held.from = { start: from.dataset.start, end: from.dataset.end, column: from.dataset.column };
  placeTip(jsEvent);
  asked(event.id).then((places) => {
    if (held !== current) return;
    held.places = places;
    if (!resizing) glow();
    if (held.last) weigh(held.last);
  });
}

let question = { id: null, answer: null };

// The places are asked for as soon as a finger is on the card, so that they are there when it begins to move.
function asked(id) {
  if (question.id !== id) question = { id, answer: fetchPlaces(id) };
  return question.answer;
}

async function fetchPlaces(id) {
  const query = new URLSearchParams({ first: facts.first, days: facts.days, by: facts.by });
  const answer = await fetch(`${visitUrl(id)}/places?${query}`, { headers: { Accept: "application/json" } });
  const places = await answer.json();
  return answer.ok ? places : { refused: places.error };
}

function visitUrl(id) {
  return facts.visit.replace(/0$/, id);
}

function glow() {
  const { places } = held;
  if (places.refused || !held) return;
  const step = places.grid * MINUTE;
  const first = new Date(`${facts.first}T00:00Z`).getTime();
  for (const [column, runs] of Object.entries(places.columns)) {
    for (const [from, to] of between([...places.everywhere, ...runs], (Number(facts.days) * 24 * 60) / places.grid)) {
      const id = `glow-${column}-${from}`;
      held.glow.push(id);
      calendar.addEvent({
        id,
        resourceIds: [column],
        start: wall(first + from * step),
        end: wall(first + to * step + places.minutes * MINUTE),
        display: "background",
        classNames: ["may-go"],
        extendedProps: { glow: true },
      });
    }
  }
}

// The stretches of starts that no run forbids.
function between(runs, count) {
  const free = [];
  let start = 0;
  for (const [first, last] of [...runs].sort((a, b) => a[0] - b[0])) {
    if (first > start) free.push([start, first - 1]);
    start = Math.max(start, last + 1);
  }
  if (start < count) free.push([start, count - 1]);
  return free;
}

// Times are the clinic's wall clock; the browser's own zone must not move them.
function wall(milliseconds) {
  return new Date(milliseconds).toISOString().slice(0, 16);
}

function localDay(date) {
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`;
}

function stamp(date) {
  return `${localDay(date)}T${time(date)}`;
}

function time(date) {
  return `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
}

// What speaks against the place under the pointer; it is said at once, and the drop is refused only when it comes.
function weigh(event) {
  if (!held) return true;
  held.last = event;
  const start = stamp(event.start);
  const same = start === held.from.start && stamp(event.end) === held.from.end && event.resourceIds[0] === held.from.column;
  held.why = same ? "" : held.places ? reason(event, start) : "";
  const note = !same && !held.why && held.places && !held.resizing ? held.places.notes?.[start.slice(0, 10)] : "";
  const span = `${time(event.start)}–${time(event.end)}`;
  tell(held.why || (note ? `${span}. ${note}` : span), held.why ? "bad" : note ? "warn" : "good");
  return true;
}

function reason(event, start) {
  const { places } = held;
  if (places.refused) return places.refused;
  if (held.resizing) return stamp(event.end) > places.ends_by ? places.why_not_longer : "";
  const number = (new Date(`${start}Z`) - new Date(`${facts.first}T00:00Z`)) / MINUTE / places.grid;
  for (const runs of [places.everywhere, places.columns[event.resourceIds[0]] ?? []]) {
    const found = runs.find(([first, last]) => first <= number && number <= last);
    if (found) return places.words[found[2]];
  }
  return "";
}

function tell(words, tone) {
  root.classList.toggle("diary-clash", tone === "bad");
  tip.hidden = false;
  tip.dataset.tone = tone;
  if (tip.textContent === words) return;
  tip.textContent = words;
  clearTimeout(tell.later);
  // A reader hears where the drag rests, not every place it passes.
  tell.later = setTimeout(() => (said.textContent = words), 300);
}

function placeTip(jsEvent) {
  const { clientX: x, clientY: y } = jsEvent;
  const box = tip.getBoundingClientRect();
  const left = x + 20 + box.width > innerWidth ? x - 20 - box.width : x + 20;
  // A finger hides what is below it.
  const top = jsEvent.pointerType === "touch" ? y - 40 - box.height : Math.min(y + 16, innerHeight - box.height - 8);
  tip.style.translate = `${Math.max(8, left)}px ${Math.max(8, top)}px`;
}

function letGo() {
  clearTimeout(tell.later);
  for (const id of held?.glow ?? []) calendar.removeEventById(id);
  held = null;
  tip.hidden = true;
  root.classList.remove("diary-clash");
}

async function drop(info) {
  const { why, cancelled, from, resizing } = held;
  const event = info.event;
  const start = stamp(event.start);
  const moved = start !== from.start || stamp(event.end) !== from.end || event.resourceIds[0] !== from.column;
  letGo();
  if (!moved) return;
  if (why || cancelled) {
    info.revert();
    if (why) shout(why);
    return;
  }
  const of = line(event.id);
  const form = new FormData();
  form.set("start", start);
  form.set("version", of.dataset.version);
  form.set("next", facts.here);
  form.set("practitioner", facts.by === "therapist" ? event.resourceIds[0] : of.dataset.with);
  if (facts.by === "room") form.set("room", event.resourceIds[0]);
  if (resizing) form.set("minutes", String((event.end - event.start) / MINUTE));
  const refusal = await send(`${visitUrl(event.id)}/move`, form);
  if (refusal) {
    info.revert();
    shout(refusal);
  }
  await refresh();
}

// The answer stands where news stand; a refusal is given back, to be shown where the person looks.
async function send(address, form) {
  busy = true;
  question = { id: null, answer: null };
  try {
    const answer = await fetch(address, { method: "POST", body: form, headers: { Accept: "application/json", "X-CSRFToken": token() } });
    const told = await answer.json();
    if (!answer.ok) return told.error || facts.lost;
    flashes.innerHTML = told.told;
    said.textContent = told.says;
    return "";
  } catch {
    return facts.lost;
  } finally {
    busy = false;
  }
}

function token() {
  return JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRFToken"];
}

function shout(words) {
  flashes.replaceChildren(flashOf(words));
}

function flashOf(words) {
  const flash = document.getElementById("refusal").content.firstElementChild.cloneNode(true);
  flash.querySelector("p").textContent = words;
  return flash;
}

// ---------- Menus ----------

async function openMenu(card, x, y) {
  closeMenu();
  const of = line(card.dataset.visit);
  const address = of.querySelector(".diary-face").href;
  const html = await menuAt(address);
  if (html === null) location.assign(address);
  else showMenu({ visit: card.dataset.visit, address }, html, label(of), x, y);
}

// null where there is none, or no answer.
async function menuAt(address) {
  const answer = await fetch(address, { headers: { "X-Part": "menu" } }).catch(() => null);
  return answer?.ok && !answer.redirected ? answer.text() : null;
}

// Of what: { visit, address } for a visit, { free } for a free place that the keyboard reached, {} for one pointed at.
function showMenu(of, html, name, x, y) {
  const box = document.createElement("div");
  box.className = "diary-menu";
  box.popover = "auto";
  box.setAttribute("role", "dialog");
  box.setAttribute("aria-label", name);
  box.innerHTML = html;
  root.append(box);
  menu = { box, of };
  box.addEventListener("toggle", (event) => {
    if (event.newState === "closed") closeMenu();
  });
  box.showPopover();
  const size = box.getBoundingClientRect();
  box.style.left = `${Math.max(8, Math.min(x, innerWidth - size.width - 8))}px`;
  box.style.top = `${Math.max(8, Math.min(y, innerHeight - size.height - 8))}px`;
  box.querySelector(".button, a")?.focus();
}

function closeMenu() {
  if (!menu) return;
  const { box, of } = menu;
  menu = null;
  const inside = box.contains(document.activeElement) || document.activeElement === document.body;
  box.remove();
  if (inside) refocus(of);
}

// A button of the menu does its work here: the page stays, shows what is so now, and the focus stays on the visit.
async function act(form) {
  const { of, box } = menu;
  const refusal = await send(form.action, new FormData(form));
  if (!refusal) {
    const order = lines().map((each) => each.dataset.visit);
    if (menu?.box === box) closeMenu();
    await refresh();
    // Where the visit is gone from these days, the one that has its place in the order is nearest.
    if (!line(of.visit)) refocus({ visit: (lines()[order.indexOf(of.visit)] ?? lines().at(-1))?.dataset.visit });
    return;
  }
  if (refusal !== facts.lost) await refresh(true);
  const html = await menuAt(of.address);
  if (menu?.box !== box) return shout(refusal);
  // What may be done now, under the reason why that could not be.
  if (html !== null) box.innerHTML = html;
  for (const old of box.querySelectorAll(".flash")) old.remove();
  box.prepend(flashOf(refusal));
  mayBeSentAgain(form);
  box.querySelector(".button, a")?.focus();
}

function mayBeSentAgain(form) {
  delete form.dataset.sent;
  form.removeAttribute("aria-busy");
}

root.addEventListener("submit", (event) => {
  if (!menu?.box.contains(event.target)) return;
  event.preventDefault();
  if (!busy) act(event.target);
});

// Taking back what was just done stays on the page, too.
flashes.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (busy) return;
  const form = event.target;
  const refusal = await send(form.action, new FormData(form));
  if (refusal) shout(refusal);
  await refresh();
  (flashes.querySelector("a, button") ?? stops().map(faceOf).find((each) => each.tabIndex === 0))?.focus();
});

let pointed = null;

function offerPlace({ date, resource, jsEvent }) {
  pointed = [stamp(date), resource?.id, [jsEvent.clientX, jsEvent.clientY]];
}

// It is opened by the click, the last thing that comes of a tap: all before would close it again.
grid.addEventListener("click", () => {
  if (pointed) offer(...pointed);
  pointed = null;
});

grid.addEventListener("pointerdown", () => (pointed = null), true);

function offer(start, column, [x, y], of = {}) {
  const name = JSON.parse(facts.columns).find(([id]) => id === column)?.[1];
  if (facts.by !== "therapist" || !name || (!facts.free && !facts.book)) return;
  const at = `${start.slice(11)}, ${name}`;
  const box = document.createElement("div");
  box.className = "diary-actions";
  const head = document.createElement("div");
  head.className = "diary-about";
  head.append(worded("p", at));
  box.append(head);
  if (facts.free) box.append(linkTo(facts.free, facts.wordFits, { practitioner: column, start }));
  if (facts.book) box.append(linkTo(facts.book, facts.wordBook, { practitioner: column, start }));
  closeMenu();
  showMenu(of, box.outerHTML, at, x, y);
}

// What Enter opens on a free place that has the focus.
function offerThere(place) {
  const at = freePlaces().find((each) => each.id === place.dataset.place);
  if (at) offer(at.from, at.column, where(place), { free: at.id });
}

function linkTo(address, words, values) {
  const link = worded("a", words, "button quiet");
  link.href = `${address}?${new URLSearchParams(values)}`;
  return link;
}

function menuOf(element) {
  return element.closest?.(".ec-event[data-visit], .diary-visit");
}

function where(card) {
  const box = card.getBoundingClientRect();
  return [box.left + 16, Math.min(box.bottom, innerHeight) - 8];
}

root.addEventListener("contextmenu", (event) => {
  const card = menuOf(event.target);
  if (!card || event.shiftKey) return;
  event.preventDefault();
  // A finger that rests on a visit takes it up; a tap opens the menu.
  if (held || (event.pointerType === "touch" && card.matches(".can-move"))) return;
  // The menu key and Shift+F10 come without a place of their own.
  const [x, y] = event.clientX || event.clientY ? [event.clientX, event.clientY] : where(card);
  openMenu(card, x, y);
});

root.addEventListener("click", (event) => {
  if (menu?.box.contains(event.target)) return;
  const card = menuOf(event.target);
  if (!card || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
  // On a phone the visit has a page of its own.
  if (!wide.matches) return;
  event.preventDefault();
  if (justDragged) return;
  openMenu(card, event.clientX || where(card)[0], event.clientY || where(card)[1]);
});

let justDragged = false;
addEventListener("pointerup", () => {
  justDragged = held !== null;
  setTimeout(() => (justDragged = false), 50);
}, true);

root.addEventListener("keydown", (event) => {
  if (menu?.box.contains(event.target)) {
    menuKeys(event);
    return;
  }
  const card = event.target.closest?.("[data-place]") ?? menuOf(event.target);
  if (!card) {
    // A calendar without visits has the focus itself.
    if (event.target.matches?.(".ec-main") && event.key.startsWith("Arrow")) go(null, event.key);
    return;
  }
  if (event.key === "Enter" || event.key === " " || (event.key === "F10" && event.shiftKey) || event.key === "ContextMenu") {
    event.preventDefault();
    if (card.matches("[data-place]")) offerThere(card);
    else openMenu(card, ...where(card));
  } else if (event.key.startsWith("Arrow")) {
    event.preventDefault();
    go(card, event.key);
  }
});

async function go(card, key) {
  if (card?.matches(".diary-visit")) {
    const next = neighbour(card, key);
    if (next) faceOf(next).focus();
    return;
  }
  const at = await withFree(card);
  const next = at ? beside(at, key) : stops()[0];
  if (!next) return;
  rove(next);
  faceOf(next).focus();
}

// Free places come onto the arrows' way when these are first used; gives the card as it is drawn then.
async function withFree(card) {
  if (freeShown) return card;
  const { visit } = card?.dataset ?? {};
  freeShown = true;
  calendar.setOption("events", events());
  await painted();
  plain();
  return visit ? cards().find((each) => each.dataset.visit === visit) : null;
}

function painted() {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

function neighbour(item, key) {
  const all = lines().filter((each) => each.offsetParent !== null);
  return all[all.indexOf(item) + ({ ArrowDown: 1, ArrowUp: -1 }[key] ?? 0)] ?? null;
}

function menuKeys(event) {
  const items = [...menu.box.querySelectorAll("button, a")];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (event.key === "Escape") {
    event.preventDefault();
    closeMenu();
  } else if (to !== undefined) {
    event.preventDefault();
    items[(to + items.length) % items.length].focus();
  } else if (event.key === "Tab") {
    closeMenu();
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && held) {
    held.cancelled = true;
    held.why = "";
    tip.hidden = true;
  }
});

grid.addEventListener("pointerdown", (event) => {
  const card = event.target.closest(".ec-event.can-move[data-visit]");
  // A finger may only want to scroll.
  if (card && event.button === 0 && event.pointerType === "mouse") asked(card.dataset.visit);
}, true);

addEventListener("pointermove", (event) => {
  if (held) placeTip(event);
});

// The system took the finger away (a call, a gesture): nothing is dropped, and nothing stays in the air.
addEventListener("pointercancel", () => {
  if (!held) return;
  letGo();
  EventCalendar.destroy(calendar);
  build();
});

// ---------- Up to date ----------

async function look() {
  if (document.visibilityState !== "visible" || held || menu || busy) return;
  try {
    const answer = await fetch(facts.state, { headers: { "If-None-Match": `"${tag()}"`, Accept: "application/json" } });
    if (answer.status === 200 && !held && !menu) await refresh();
  } catch {
    // The server is away for a moment; the next look comes by itself.
  }
}

function tag() {
  return list.querySelector("[data-tag]").dataset.tag;
}

async function refresh(underMenu = false) {
  const answer = await fetch(facts.here, { headers: { "X-Part": "days" } }).catch(() => null);
  if (answer === null) return;
  // Somebody signed out, or the page is gone: the whole page says so.
  if (!answer.ok || answer.redirected) return location.reload();
  const html = await answer.text();
  if (held || (menu && !underMenu)) return;
  question = { id: null, answer: null };
  const focused = focusedOn();
  list.innerHTML = html;
  if (calendar) {
    calendar.setOption("hiddenDays", hiddenDays());
    calendar.setOption("events", events());
  }
  await painted();
  if (calendar) plain();
  if (focused && !focusedOn()) refocus(focused);
}

// Which visit or free place has the focus; null for none.
function focusedOn() {
  const at = document.activeElement?.closest?.(".ec-event[data-visit], .diary-visit, [data-place]");
  return at ? { visit: at.dataset.visit, free: at.dataset.place } : null;
}

function refocus({ visit, free }) {
  const found = (each) => (visit ? each.dataset.visit === visit : free && each.dataset.place === free);
  const card = asCalendar() ? stops().find(found) : visit && line(visit);
  if (!card) return;
  if (asCalendar()) rove(card);
  faceOf(card).focus();
}

function fit() {
  if (wanted && wide.matches && calendar === null) build();
}

fit();
wide.addEventListener("change", fit);
setInterval(look, POLL_SECONDS * 1000);
document.addEventListener("visibilitychange", look);
