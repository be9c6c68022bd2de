'use strict';
// The pages stand without this file. It adds: times in the reader's zone, filters without a round trip, rows that are
// patched when a check lands, tips, zooming into the chart, and a loud word when the page is stale.
(() => {
  const root = document.documentElement;
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

  // --- Times: the reader sees their own zone, or the one that the page is in, with UTC as the title.
  const style = options => {
    try {
      return new Intl.DateTimeFormat(undefined, {...options, timeZone: root.dataset.tz});
    } catch {  // a zone that this browser does not know
      return new Intl.DateTimeFormat(undefined, {...options, timeZone: 'UTC'});
    }
  };
  const moment = style({dateStyle: 'medium', timeStyle: 'short'});
  const precise = style({dateStyle: 'medium', timeStyle: 'medium'});
  const clock = style({timeStyle: 'short'});
  const day = style({day: 'numeric', month: 'short'});
  const today = style({timeStyle: 'medium'});
  const thisYear = style({day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit', second: '2-digit'});
  const date = style({dateStyle: 'short'});
  const year = style({year: 'numeric'});
  function near(when) {  // no more of a date than is needed
    const now = new Date();
    if (date.format(when) === date.format(now)) return today.format(when);
    return (year.format(when) === year.format(now) ? thisYear : precise).format(when);
  }
  function localise(from) {
    for (const element of $$('time[datetime]', from)) {
      if (element.title) continue;
      const when = new Date(element.dateTime);
      if (Number.isNaN(+when)) continue;
      element.title = element.dateTime;
      const as = element.dataset.as;
      element.textContent = as === 'seconds' ? near(when) : ({clock, day}[as] || moment).format(when);
    }
  }
  localise(document);
  // What is typed into a form is a time of the zone that the page shows.
  for (const zone of $$('input[data-own]')) {
    zone.value = root.dataset.tz || Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
    $('[data-zone]', zone.form).textContent = zone.value;
  }

  // --- A page that is old says so.
  const main = $('main');
  const alarm = $('#alarm');
  let heard = Date.now();
  const live = root.dataset.live;  // the path of what changed since; absent on pages that stand still
  function say(sentence) {
    if (!alarm) return;
    alarm.hidden = !sentence;
    if (alarm.textContent !== (sentence || '')) alarm.textContent = sentence || '';
  }
  function watch() {
    const silent = Date.now() - heard;
    if (silent > 30000) say(`This page is stale: no answer from nines for ${Math.round(silent / 1000)} seconds.`);
    else if (alarm && !alarm.hidden) say('');
  }

  // --- Rows that changed.
  let version = root.dataset.version;
  let running = false;
  let wanted = false;
  function held(element) {  // what the reader has in hand is not taken away
    const selection = getSelection();
    return selection && !selection.isCollapsed && element.contains(selection.anchorNode);
  }
  function patch(element, html) {
    if (held(element)) return false;
    const active = document.activeElement;
    const links = $$('a,button,summary', element);
    const index = element.contains(active) ? links.indexOf(active) : -1;
    element.innerHTML = html;
    localise(element);
    if (index >= 0) $$('a,button,summary', element)[index]?.focus({preventScroll: true});
    return true;
  }
  function mood(icon) {
    const link = $('link[rel=icon]');
    if (icon && link.getAttribute('href') !== icon) link.setAttribute('href', icon);
  }
  const kept = new Map();  // rows that could not be patched yet
  function apply(update) {
    heard = Date.now();
    version = update.version;
    document.title = update.title;
    mood(update.icon);
    const head = $('#head');
    if (head && update.head !== undefined) patch(head, update.head);
    for (const [id, row] of Object.entries(update.rows || {})) kept.set(id, row);
    for (const [id, row] of kept) {
      const element = document.getElementById('s' + id);
      if (!element) { kept.delete(id); continue; }
      if (!patch(element, row.html)) continue;
      kept.delete(id);
      element.className = row.class;
      if (element.dataset.s === row.state) continue;
      element.dataset.s = row.state;
      element.classList.add('fresh');
      setTimeout(() => element.classList.remove('fresh'), 1300);
    }
    if (filter) filter();
    watch();
  }
  async function refresh() {
    if (!live || document.hidden) return;
    if (running) { wanted = true; return; }
    running = true;
    try {
      const address = new URL(live, location);
      address.searchParams.set('since', version);
      const answer = await fetch(address, {cache: 'no-store'});
      if (answer.status === 205 || answer.status === 410 || answer.redirected) location.reload();
      else if (answer.ok) {
        const update = await answer.json();
        if (update.reload) location.reload(); else apply(update);
      }
    } catch { /* said by watch() */ }
    running = false;
    if (wanted) { wanted = false; setTimeout(refresh, 1000); }
  }
  // The page of one server takes its parts from a new one.
  const self = Number(root.dataset.self);
  async function again() {
    if (document.hidden || drawing) return;
    if (running) { wanted = true; return; }
    running = true;
    try {
      const answer = await fetch(location, {cache: 'no-store'});
      if (answer.ok && !answer.redirected) {
        const other = new DOMParser().parseFromString(await answer.text(), 'text/html');
        heard = Date.now();
        document.title = other.title;
        mood($('link[rel=icon]', other).getAttribute('href'));
        const ids = ['top', 'spans', 'drawn', 'figures', 'outages', 'rows'];
        // What the reader looks at stays where it is on the screen, whatever grows above it.
        const looked_at = () => {
          const active = document.activeElement;
          if (main.contains(active)) return active;
          return ids.map(id => document.getElementById(id)).find(part => part?.getBoundingClientRect().bottom > 0) || main;
        };
        const before = looked_at().getBoundingClientRect().top;
        for (const id of ids) {
          const from = other.getElementById(id);
          const to = document.getElementById(id);
          if (!from || !to) continue;
          if (id !== 'drawn') patch(to, from.innerHTML);
          else if (!to.contains(document.activeElement)) { patch(to, from.innerHTML); draw(); }
        }
        scrollBy(0, looked_at().getBoundingClientRect().top - before);
        root.dataset.edges = other.documentElement.dataset.edges;
        read_edges();
        watch();
      }
    } catch { /* said by watch() */ }
    running = false;
    if (wanted) { wanted = false; setTimeout(again, 1000); }
  }
  const follow = live ? refresh : again;
  if (live || self) {
    setInterval(watch, 1000);
    setInterval(follow, 10000);
    document.addEventListener('visibilitychange', follow);
    if (window.EventSource && root.dataset.events) {
      const events = new EventSource(root.dataset.events);
      let last = 0;
      let planned = 0;
      events.onmessage = event => {
        if (self && !JSON.parse(event.data).includes(self)) return;
        if (planned) return;
        const wait = Math.max(0, 2000 - (Date.now() - last));
        planned = setTimeout(() => { planned = 0; last = Date.now(); follow(); }, wait);
      };
    }
  }

  // --- Filters: chips and the search box, kept in the address.
  let filter;
  const search = $('input[type=search]');
  if (search && $('tr[data-s]')) {
    const parameters = new URLSearchParams(location.search);
    let states = new Set((parameters.get('state') || '').split(',').filter(Boolean));
    const chips = $$('.chip[data-state]');
    const none = $('#none');
    filter = () => {
      const words = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const group of $$('details.group, .flat')) {
        let here = 0;
        for (const row of $$('tr[data-s]', group)) {
          const fits = (!states.size || states.has(row.dataset.s)) && words.every(word => row.dataset.k.includes(word));
          row.classList.toggle('hidden', !fits);
          if (fits) here++;
        }
        group.classList.toggle('hidden', !here);
        if (here && (words.length || states.size) && group.tagName === 'DETAILS') group.open = true;
        shown += here;
      }
      if (none) none.hidden = shown > 0;
      for (const chip of chips) chip.setAttribute('aria-pressed', states.has(chip.dataset.state));
    };
    const remember = () => {
      const address = new URL(location);
      const set = (name, value) => value ? address.searchParams.set(name, value) : address.searchParams.delete(name);
      set('search', search.value.trim());
      set('state', [...states].join(','));
      history.replaceState(null, '', address);
      for (const link of $$('.tools nav a, thead a')) {
        const target = new URL(link.href);
        for (const name of ['search', 'state']) {
          const value = address.searchParams.get(name);
          if (value) target.searchParams.set(name, value); else target.searchParams.delete(name);
        }
        link.href = target;
      }
    };
    search.addEventListener('input', () => { filter(); remember(); });
    search.form.addEventListener('submit', event => event.preventDefault());
    for (const chip of chips) {
      chip.addEventListener('click', event => {
        event.preventDefault();
        const state = chip.dataset.state;
        if (states.has(state)) states.delete(state); else states.add(state);
        filter();
        remember();
      });
    }
    addEventListener('keydown', event => {
      if (event.key === '/' && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) {
        event.preventDefault();
        search.focus();
        search.select();
      } else if (event.key === 'Escape' && document.activeElement === search && search.value) {
        search.value = '';
        filter();
        remember();
      }
    });
    filter();
  }

  // --- Tips over the bars of a strip.
  const tip = document.createElement('div');
  tip.id = 'tip';
  tip.hidden = true;
  tip.setAttribute('role', 'status');
  document.body.append(tip);
  let edges;
  let bars;
  let days;
  function read_edges() {
    edges = (root.dataset.edges || '').split(',').map(Number);
    bars = edges.length - 1;
    days = bars > 0 && edges[1] - edges[0] > 80000;
  }
  read_edges();
  function barTip(strip, x) {
    const box = strip.getBoundingClientRect();
    const index = Math.min(bars - 1, Math.max(0, Math.floor((x - box.left) / box.width * bars)));
    const stamp = seconds => (days ? day : moment).format(new Date(seconds * 1000));
    const until = days ? '' : ' \u2013 ' + clock.format(new Date(edges[index + 1] * 1000));
    const notes = JSON.parse(strip.dataset.t || '{}')[index];
    return `${stamp(edges[index])}${until}\n${notes === undefined ? 'up' : notes}`;
  }
  function show(text, x, y) {
    tip.textContent = text;
    tip.hidden = false;
    const width = tip.offsetWidth;
    tip.style.left = Math.max(4, Math.min(scrollX + root.clientWidth - width - 8, scrollX + x - width / 2)) + 'px';
    tip.style.top = scrollY + y + 'px';
  }
  if (bars > 0) {
    const over = event => {
      const strip = event.target.closest?.('svg.strip');
      if (!strip) { tip.hidden = true; return; }
      const box = strip.getBoundingClientRect();
      show(barTip(strip, event.clientX), event.clientX, box.bottom + 6);
    };
    addEventListener('pointermove', over, {passive: true});
    addEventListener('pointerdown', over, {passive: true});
    addEventListener('keydown', event => { if (event.key === 'Escape') tip.hidden = true; });
    addEventListener('focusin', event => {
      const strip = $('svg.strip', event.target.closest?.('tr[data-s]') || document.createElement('i'));
      if (!strip || !event.target.matches(':focus-visible')) { tip.hidden = true; return; }
      const box = strip.getBoundingClientRect();
      show(strip.getAttribute('aria-label'), box.left + box.width / 2, box.bottom + 6);
    });
  }

  // --- The chart: a cross-hair, and zooming by dragging or by the keyboard.
  let drawing = false;  // a part of the chart is being marked
  function draw() {
    const chart = $('.chart');
    if (!chart) return;
    const area = $('.area', chart);
    const data = JSON.parse(chart.dataset.points);
    const [from, to] = [Number(chart.dataset.from), Number(chart.dataset.to)];
    let start = null;
    let brush = null;
    const share = event => {
      const box = area.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    };
    const zoom = (a, b) => {
      const address = new URL(location);
      for (const name of ['window', 'offset']) address.searchParams.delete(name);
      address.searchParams.set('from', new Date(a).toISOString());
      address.searchParams.set('to', new Date(b).toISOString());
      location.assign(address);
    };
    const describe = at => {
      let near = null;
      for (const point of data) if (!near || Math.abs(point[0] - at) < Math.abs(near[0] - at)) near = point;
      if (!near) return '';
      const [time, p50, p95, p99, failed] = near;
      return precise.format(new Date(time)) + (p50 === null ? '' : `\np50 ${p50} \u00b7 p95 ${p95} \u00b7 p99 ${p99}`) +
        (failed ? `\n${failed} failed` : '');
    };
    area.addEventListener('pointerdown', event => {
      if (event.pointerType === 'touch') return;
      start = share(event);
      drawing = true;
      area.setPointerCapture(event.pointerId);
      brush = document.createElement('div');
      brush.id = 'brush';
      area.append(brush);
    });
    area.addEventListener('pointermove', event => {
      const at = share(event);
      const box = area.getBoundingClientRect();
      show(describe(from + at * (to - from)), event.clientX, box.bottom + 4);
      if (!brush) return;
      brush.style.left = Math.min(start, at) * 100 + '%';
      brush.style.width = Math.abs(at - start) * 100 + '%';
    });
    area.addEventListener('pointerleave', () => { tip.hidden = true; });
    area.addEventListener('pointerup', event => {
      const at = share(event);
      drawing = false;
      brush?.remove();
      brush = null;
      if (start === null) return;
      const [a, b] = [Math.min(start, at), Math.max(start, at)];
      start = null;
      if ((b - a) * area.clientWidth > 6) zoom(from + a * (to - from), from + b * (to - from));
    });
    chart.addEventListener('keydown', event => {
      const length = to - from;
      if (event.key === '+' || event.key === '=') zoom(from + length / 4, to - length / 4);
      else if (event.key === '-') zoom(from - length / 2, Math.min(Date.now(), to + length / 2));
      else if (event.key === 'ArrowLeft') zoom(from - length / 2, to - length / 2);
      else if (event.key === 'ArrowRight') zoom(from + length / 2, Math.min(Date.now(), to + length / 2));
    });
  }
  draw();
})();
