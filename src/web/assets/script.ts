/**
 * The script of all pages, as browsers get it: entries and numbers that come while a page is open, the filter as one types,
 * buttons that copy. Without it everything is there, as it was when the page was asked for.
 */
export const SCRIPT = String.raw`'use strict';
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const grouped = new Intl.NumberFormat('en');
  const MOST_ROWS = 200;

  for (const button of all('[data-copy]')) {
    button.hidden = false;
    button.addEventListener('click', async () => {
      const text = document.getElementById(button.dataset.copy).textContent;
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = 'Copied';
      } catch {
        getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
        button.textContent = 'Selected';
      }
      setTimeout(() => { button.textContent = 'Copy'; }, 1500);
    });
  }

  for (const form of all('[data-once]')) {
    form.addEventListener('submit', () => { for (const button of all('button', form)) button.disabled = true; });
    addEventListener('pageshow', () => { for (const button of all('button', form)) button.disabled = false; });
  }

  const ago = (then) => {
    const seconds = Math.max(0, Math.round((Date.now() - then) / 1000));
    if (seconds < 2) return 'now';
    for (const [unit, length] of [['d', 86400], ['h', 3600], ['min', 60]]) {
      if (seconds >= 2 * length) return Math.floor(seconds / length) + ' ' + unit + ' ago';
    }
    return seconds + ' s ago';
  };
  const tell = (element) => {
    if (!element.title) element.title = element.textContent + ' = ' + new Date(element.dateTime).toLocaleString();
    if ('relative' in element.dataset) element.textContent = ago(Date.parse(element.dateTime));
  };
  const tellAll = () => all('time').forEach(tell);
  tellAll();
  setInterval(() => all('time[data-relative]').forEach(tell), 5000);

  const timeOf = (moment, relative) => {
    const element = document.createElement('time');
    const iso = moment.toISOString();
    element.dateTime = iso;
    element.textContent = iso.slice(0, 10) + ' ' + iso.slice(11, 19) + ' UTC';
    if (relative) element.dataset.relative = '';
    tell(element);
    return element;
  };

  const status = document.querySelector('[data-live-status]');
  const show = (text, on) => {
    if (status === null || status.textContent === text) return;
    status.hidden = false;
    status.textContent = text;
    status.classList.toggle('on', on);
  };

  /* Events from an address that says where to go on. A browser comes back by itself where the connection was cut, not
     where a server in between said something else. */
  const follow = (address, listeners) => {
    let source;
    let again;
    const open = () => {
      clearTimeout(again);
      source = new EventSource(address());
      source.onopen = () => show('Live', true);
      source.onerror = () => {
        show('Reconnecting …', false);
        if (source.readyState === EventSource.CLOSED) again = setTimeout(open, 2000);
      };
      for (const [name, listener] of Object.entries(listeners)) source.addEventListener(name, listener);
    };
    const close = () => {
      clearTimeout(again);
      source?.close();
      source = undefined;
    };
    let wanted = true;
    const decide = () => {
      const wants = wanted && document.visibilityState === 'visible';
      if (wants && source === undefined) open();
      if (!wants && source !== undefined) close();
    };
    document.addEventListener('visibilitychange', decide);
    decide();
    return (on) => {
      wanted = on;
      decide();
      if (!on) show('Paused', false);
    };
  };

  /* The list of feeds. */
  const table = document.querySelector('[data-activity]');
  if (table !== null) {
    const rows = new Map(all('[data-feed]', table).map((row) => [row.dataset.feed, row]));
    const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
    const size = (bytes) => {
      let unit = 0;
      let value = bytes;
      for (; value >= 1024 && unit < 4; unit += 1) value /= 1024;
      return (unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)) + ' ' + units[unit];
    };
    const draw = (row) => {
      const counts = row.dataset.counts.split(' ').map(Number);
      const most = Math.max(1, ...counts);
      all('rect', row).forEach((bar, index) => {
        const height = counts[index] === 0 ? 1 : Math.max(2, Math.round((counts[index] / most) * 24));
        bar.setAttribute('y', 24 - height);
        bar.setAttribute('height', height);
      });
      const total = Math.round(counts.reduce((sum, number) => sum + number, 0));
      row.querySelector('[data-rate]').textContent = total === 0 ? 'none' : grouped.format(total);
    };
    setInterval(() => {
      for (const row of rows.values()) {
        row.dataset.counts = [...row.dataset.counts.split(' ').slice(1), 0].join(' ');
        draw(row);
      }
    }, 120000);
    follow(() => table.dataset.activity, {
      message({ data }) {
        const { feed, head, entries, bytes } = JSON.parse(data);
        const row = rows.get(feed);
        if (row === undefined) return;
        const came = head - Number(row.dataset.head);
        row.querySelector('[data-entries]').textContent = grouped.format(entries);
        row.querySelector('[data-bytes]').textContent = size(bytes);
        if (came <= 0) return;
        row.dataset.head = head;
        const counts = row.dataset.counts.split(' ').map(Number);
        counts[counts.length - 1] += came;
        row.dataset.counts = counts.join(' ');
        draw(row);
        row.querySelector('[data-last]').replaceChildren(timeOf(new Date(), true));
        row.classList.add('pulse');
        setTimeout(() => row.classList.remove('pulse'), 300);
      },
    });
  }

  /* A feed. */
  const list = document.querySelector('.entries');
  const box = document.getElementById('filter');
  const wanted = { text: box?.value.trim().toLowerCase() ?? '' };
  const matches = (row) => wanted.text === '' || row.textContent.toLowerCase().includes(wanted.text);
  if (list !== null && box !== null) {
    const searched = wanted.text;
    box.addEventListener('input', () => {
      wanted.text = box.value.trim().toLowerCase();
      // What the server found by more than is shown stays.
      for (const row of list.children) row.hidden = wanted.text !== searched && !matches(row);
    });
  }

  if (list !== null && list.dataset.live !== undefined) {
    const template = document.querySelector('[data-row]');
    const entries = template.dataset.row;
    const path = entries.slice(0, -'/entries/'.length);
    const counter = document.querySelector('[data-count]');
    let last = '';
    let waiting = [];
    const textOf = (item) => {
      if (item.summary) return item.summary;
      if (item.content_html === undefined) return item.content_text ?? '';
      // No parser of documents, which would try what the policy forbids: tags go, and what is left is text for sure.
      const plain = document.createElement('textarea');
      plain.innerHTML = item.content_html
        .replace(/<(script|style)\b[\s\S]*?<\/\1\s*>/gi, '')
        .replace(/<\/?(p|div|li|[uo]l|br|t[dhr]|h[1-6]|pre|section|blockquote)\b[^>]*>/gi, ' ')
        .replace(/<[^>]*>/g, '');
      return plain.value;
    };
    const rowOf = (item) => {
      const row = template.content.firstElementChild.cloneNode(true);
      row.dataset.id = item.id;
      if (item.language) row.lang = item.language;
      const link = row.querySelector('h3 a');
      link.href = item.url === undefined ? path : new URL(item.url).pathname;
      link.textContent = item.title ?? item.id;
      const facts = row.querySelector('.facts');
      facts.append(timeOf(new Date(item.date_published ?? Date.now())));
      const names = (item.authors ?? []).map(({ name }) => name).filter(Boolean);
      if (names.length > 0) facts.append(' · ' + names.join(', '));
      const media = item.attachments?.find(({ url }) => url === item.url + '/media');
      if (media !== undefined) facts.append(' · ' + media.mime_type);
      row.querySelector('.snippet').textContent = textOf(item).replace(/\s+/g, ' ').trim().slice(0, 280);
      const type = item._atommq?.content_type ?? '';
      if (!item.summary && /json|xml/i.test(type)) row.querySelector('.snippet').classList.add('mono');
      const tags = row.querySelector('.tags');
      for (const tag of item.tags ?? []) {
        const anchor = document.createElement('a');
        anchor.href = path + '?category=' + encodeURIComponent(tag);
        anchor.textContent = tag;
        const tagged = document.createElement('li');
        tagged.append(anchor);
        tags.append(tagged);
      }
      return row;
    };
    const flush = () => {
      const some = waiting;
      waiting = [];
      if (counter !== null) {
        counter.dataset.count = Number(counter.dataset.count) + some.length;
        counter.textContent = grouped.format(counter.dataset.count);
      }
      const { category } = list.dataset;
      for (const item of some.slice(-MOST_ROWS)) {
        if (category && !(item.tags ?? []).includes(category)) continue;
        const row = rowOf(item);
        row.hidden = !matches(row);
        list.prepend(row);
        setTimeout(() => row.classList.remove('new'), 50);
      }
      while (list.children.length > MOST_ROWS) list.lastElementChild.remove();
      const empty = document.querySelector('[data-empty]');
      if (empty !== null && list.children.length > 0) empty.hidden = true;
      if (/^urn:uuid:[0-9a-f-]{36}$/.test(last)) {
        for (const place of all('[data-position]')) place.textContent = last;
      }
    };
    const take = ({ data, lastEventId }) => {
      last = lastEventId;
      if (waiting.length === 0) setTimeout(flush, 100);
      waiting.push(JSON.parse(data));
    };
    const go = follow(
      () => last === '' ? list.dataset.live : path + '?format=json&start_after=' + encodeURIComponent(last),
      {
        message: take,
        deleted: ({ lastEventId }) => { last = lastEventId; },
        reset: () => show('Entries were removed meanwhile: reload the page', false),
      },
    );
    const toggle = document.querySelector('[data-live-toggle]');
    toggle.hidden = false;
    let on = true;
    toggle.addEventListener('click', () => {
      on = !on;
      toggle.textContent = on ? 'Pause' : 'Go on';
      go(on);
    });
  }
})();
`;
