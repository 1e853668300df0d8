// Keeps a page up to date while its run lives. Everything shown is made by the server; only log lines are added here.
"use strict";
(() => {
  // MLflow's client prints links that name a run behind `#`, which only the browser sees.
  const linked = location.pathname === "/" && location.hash.match(/^#\/experiments\/[^/]+\/runs\/([^/?]+)/);
  if (linked) {
    location.replace(`/runs/${linked[1]}`);
    return;
  }

  const live = document.getElementById("live");
  const SHORTEST_PAUSE = 1000;
  // A page that takes long to make is asked for more rarely: most of the service's time is for the runs.
  const PAUSE_PER_TIME = 5;
  let pause = SHORTEST_PAUSE;

  // Parts of the page: fetched anew, and replaced where they changed.
  let timer = null;
  let lastRefresh = 0;
  let refreshing = false;
  let wanted = false;

  function refreshSoon() {
    wanted = true;
    if (timer !== null || refreshing) return;
    const wait = Math.max(0, lastRefresh + pause - Date.now());
    timer = setTimeout(refresh, wait);
  }

  async function refresh() {
    timer = null;
    wanted = false;
    refreshing = true;
    const began = Date.now();
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (answer.ok) replaceParts(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // The service is away: the stream of events tries again by itself.
    } finally {
      lastRefresh = Date.now();
      pause = Math.max(SHORTEST_PAUSE, PAUSE_PER_TIME * (lastRefresh - began));
      refreshing = false;
      if (wanted) refreshSoon();
    }
  }

  const shown = new Map();
  const remember = (part) => shown.set(part.id, part.outerHTML);

  function replaceParts(fresh) {
    const now = fresh.getElementById("live");
    if (now) live.dataset.live = now.dataset.live;
    for (const part of fresh.querySelectorAll("[data-part]")) {
      const old = document.getElementById(part.id);
      const text = part.outerHTML;
      if (!old) insertPart(part, fresh);
      else if (part.dataset.part === "log") replaceLog(old, part);
      else if (shown.get(part.id) !== text) replacePart(old, part);
      else continue;
      shown.set(part.id, text);
    }
  }

  function insertPart(part, fresh) {
    let before = part.nextElementSibling;
    while (before && !document.getElementById(before.id)) before = before.nextElementSibling;
    const column = part.parentElement.className;
    const copy = document.importNode(part, true);
    const home = before ? document.getElementById(before.id).parentElement : document.querySelector(`.${column}`);
    if (!home) return;
    home.insertBefore(copy, before ? document.getElementById(before.id) : null);
    dress(copy);
  }

  function replacePart(old, part) {
    const open = [...old.querySelectorAll("details")].map((item) => item.open);
    const scrolled = [...old.querySelectorAll(".scroll")].map((item) => item.scrollTop);
    const focused = old.contains(document.activeElement) ? focusPath(old) : null;
    const copy = document.importNode(part, true);
    old.replaceWith(copy);
    [...copy.querySelectorAll("details")].forEach((item, place) => {
      if (place < open.length) item.open = open[place];
    });
    [...copy.querySelectorAll(".scroll")].forEach((item, place) => {
      item.scrollTop = scrolled[place] || 0;
    });
    dress(copy);
    if (focused !== null) copy.querySelectorAll("a, button, [tabindex], summary")[focused]?.focus();
  }

  function focusPath(part) {
    return [...part.querySelectorAll("a, button, [tabindex], summary")].indexOf(document.activeElement);
  }

  // The log: only its list is replaced, the text grows by events; a first or another log comes from the server.
  function replaceLog(old, part) {
    const text = old.querySelector("#log-text");
    const fresh = part.querySelector("#log-text");
    if (!text || !fresh || text.dataset.name !== fresh.dataset.name) {
      replacePart(old, part);
      startLog();
      return;
    }
    const tabs = old.querySelector(".tabs");
    const newTabs = part.querySelector(".tabs");
    if (tabs && newTabs && tabs.innerHTML !== newTabs.innerHTML) tabs.replaceWith(document.importNode(newTabs, true));
    if (Number(fresh.dataset.offset) > Number(text.dataset.offset)) {
      const follows = isAtEnd(text);
      text.replaceWith(document.importNode(fresh, true));
      startLog(follows);
    }
  }

  const isAtEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 8;

  function startLog(follow = true) {
    const text = document.getElementById("log-text");
    if (text && follow) text.scrollTop = text.scrollHeight;
    pen = { classes: new Map(), redraw: false };
  }

  // ANSI, as the server reads it: colours to classes, a carriage return begins the line again, all else is dropped.
  const TOKEN = /\x1b\[([0-?]*)[ -/]*([@-~])|\x1b[\]PX^_][^]*?(?:\x07|\x1b\\|$)|\x1b[ -/]*[0-~]?|(\x08)|(\r(?!\n))|[\x00-\x07\x0b-\x1a\x1c-\x1f\x7f]|([^\x00-\x08\x0b-\x1f\x7f]+)/g;
  const ON = { 1: "bold", 2: "faint", 3: "italic", 4: "underline", 7: "inverse", 9: "strike" };
  const OFF = { 22: ["bold", "faint"], 23: ["italic"], 24: ["underline"], 27: ["inverse"], 29: ["strike"] };
  const COLOURS = [
    [0, 0, 0], [205, 49, 49], [13, 188, 121], [229, 229, 16], [36, 114, 200], [188, 63, 188], [17, 168, 205],
    [204, 204, 204], [102, 102, 102], [241, 76, 76], [35, 209, 139], [245, 245, 67], [59, 142, 234],
    [214, 112, 214], [41, 184, 219], [255, 255, 255],
  ];
  let pen = { classes: new Map(), redraw: false };

  function obey(codes) {
    const marks = pen.classes;
    while (codes.length) {
      const code = codes.shift();
      if (code === 0) marks.clear();
      else if (ON[code]) marks.set(ON[code], `a-${ON[code]}`);
      else if (OFF[code]) OFF[code].forEach((mark) => marks.delete(mark));
      else if ((code >= 30 && code <= 39) || (code >= 90 && code <= 97)) colour("f", code, codes);
      else if ((code >= 40 && code <= 49) || (code >= 100 && code <= 107)) colour("b", code - 10, codes);
    }
  }

  function colour(side, code, rest) {
    let place = code >= 90 ? code - 82 : code - 30;
    if (code === 38) place = extended(rest);
    if (place === null || code === 39) pen.classes.delete(side);
    else pen.classes.set(side, `a-${side}${place}`);
  }

  function extended(rest) {
    const kind = rest.shift();
    if (kind === 5) return of256(rest.shift() || 0);
    if (kind === 2) return nearest([0, 1, 2].map(() => rest.shift() || 0));
    return null;
  }

  function of256(place) {
    if (place < 16) return place;
    if (place >= 232) return nearest(Array(3).fill(8 + 10 * (place - 232)));
    const levels = [0, 95, 135, 175, 215, 255];
    const cube = place - 16;
    return nearest([levels[Math.floor(cube / 36)], levels[Math.floor(cube / 6) % 6], levels[cube % 6]]);
  }

  function nearest(wanted) {
    const distances = COLOURS.map((colour) => colour.reduce((sum, part, side) => sum + (part - wanted[side]) ** 2, 0));
    return distances.indexOf(Math.min(...distances));
  }

  function append(box, text) {
    const follows = isAtEnd(box);
    for (const token of text.matchAll(TOKEN)) {
      if (token[2] === "m") obey(token[1].split(/[;:]/).map((part) => Number(part) || 0));
      else if (token[3]) stepBack(box);
      else if (token[4]) pen.redraw = true;
      else if (token[5]) appendPlain(box, token[5]);
    }
    if (follows) box.scrollTop = box.scrollHeight;
  }

  function appendPlain(box, text) {
    if (pen.redraw && text[0] !== "\n") clearLastLine(box);
    pen.redraw = false;
    const names = [...pen.classes.values()].join(" ");
    if (!names) {
      box.append(text);
      return;
    }
    const span = document.createElement("span");
    span.className = names;
    span.textContent = text;
    box.append(span);
  }

  function clearLastLine(box) {
    while (box.lastChild) {
      const kept = box.lastChild.textContent;
      const end = kept.lastIndexOf("\n");
      if (end >= 0) {
        box.lastChild.textContent = kept.slice(0, end + 1);
        return;
      }
      box.lastChild.remove();
    }
  }

  function stepBack(box) {
    const last = box.lastChild;
    if (last && last.textContent && !last.textContent.endsWith("\n")) last.textContent = last.textContent.slice(0, -1);
  }

  function onLog(data) {
    const box = document.getElementById("log-text");
    if (!box) {
      refreshSoon();
      return;
    }
    if (data.name !== box.dataset.name) {
      if (![...document.querySelectorAll(".tabs a")].some((tab) => tab.search.includes(encodeURIComponent(data.name)))) refreshSoon();
      return;
    }
    const bytes = new TextEncoder().encode(data.text);
    const known = Number(box.dataset.offset);
    const end = data.offset + bytes.length;
    if (end <= known) return;
    const fresh = data.offset < known ? new TextDecoder().decode(bytes.subarray(known - data.offset)) : data.text;
    box.dataset.offset = String(end);
    append(box, fresh);
  }

  // Small comforts: local times, ticking durations, buttons that copy.
  const two = (count) => String(count).padStart(2, "0");

  function localTime(date) {
    const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  }

  function spanOf(seconds) {
    const whole = Math.max(0, Math.floor(seconds));
    if (whole < 60) return `${whole} s`;
    if (whole < 3600) return `${Math.floor(whole / 60)} m ${whole % 60} s`;
    if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} m`;
    return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
  }

  function dress(part) {
    for (const item of part.querySelectorAll("time[datetime]")) {
      const date = new Date(item.dateTime);
      if (!Number.isNaN(date.getTime())) {
        item.title = item.textContent;
        item.textContent = localTime(date);
      }
    }
    if (!navigator.clipboard) return;
    for (const code of part.querySelectorAll("code[data-copy]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "copy";
      button.setAttribute("aria-label", `Copy ${code.textContent}`);
      button.addEventListener("click", () => copy(code.textContent, button));
      code.after(button);
    }
  }

  async function copy(text, button) {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "copied";
    } catch {
      button.textContent = "not allowed";
    }
    setTimeout(() => {
      button.textContent = "copy";
    }, 1500);
  }

  function tick() {
    for (const item of document.querySelectorAll("[data-since]")) {
      const seconds = (Date.now() - new Date(item.dataset.since).getTime()) / 1000;
      if (seconds >= 10) item.textContent = spanOf(seconds);
    }
  }

  // The stream of events. The browser itself connects again and names the last event it has seen. A hidden page
  // listens to nothing: it would keep an idle service alive, and a browser has few connections for one host.
  let source = null;

  function listen() {
    source = new EventSource(eventsUrl());
    const on = (name, act) => source.addEventListener(name, (event) => {
      if (event.lastEventId) live.dataset.cursor = event.lastEventId;
      act(event);
    });
    source.addEventListener("open", () => say("live"));
    source.addEventListener("error", () => say(source.readyState === EventSource.CLOSED ? "" : "reconnecting"));
    on("run", onRun);
    on("log", (event) => onLog(JSON.parse(event.data)));
    on("metric", refreshSoon);
    on("end", () => {
      live.dataset.live = "no";
      stopListening();
      refreshSoon();
    });
  }

  function stopListening() {
    source.close();
    say("");
  }

  function say(word) {
    const note = document.getElementById("connection");
    note.textContent = word;
    note.dataset.state = word;
  }

  function onRun(event) {
    const run = JSON.parse(event.data);
    if (live.dataset.kind === "runs" || String(run.version) !== live.dataset.version) refreshSoon();
    live.dataset.version = String(run.version);
  }

  function onVisibility() {
    if (live.dataset.live !== "yes") return;
    if (document.hidden) {
      stopListening();
    } else {
      refreshSoon();
      listen();
    }
  }

  function eventsUrl() {
    const run = encodeURIComponent(live.dataset.run || "");
    const url = live.dataset.kind === "runs" ? "/api/v1/events?" : `/api/v1/runs/${run}/events?logs=1&metrics=1&`;
    return live.dataset.cursor ? `${url}cursor=${encodeURIComponent(live.dataset.cursor)}` : url;
  }

  for (const part of document.querySelectorAll("[data-part]")) remember(part);
  dress(document);
  startLog();
  if (live && live.dataset.live === "yes") {
    if (!document.hidden) listen();
    document.addEventListener("visibilitychange", onVisibility);
    addEventListener("pagehide", stopListening);
    addEventListener("pageshow", (event) => event.persisted && onVisibility());
    setInterval(tick, 1000);
  }
})();
