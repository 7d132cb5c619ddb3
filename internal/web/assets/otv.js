// Refreshes the page's content every few seconds, and counts down in between. Without it the page is complete.
"use strict";
(() => {
	const every = 4000;
	const live = document.getElementById("live");
	const button = document.getElementById("refresh");
	const stamp = document.querySelector("[data-now]");
	// The server's clock is the one that counts; that of a simulation goes faster.
	const speed = stamp ? Number(stamp.dataset.speed) : 1;
	let base = stamp ? Number(stamp.dataset.now) : Date.now();
	let since = performance.now();

	const span = (ms) => {
		const s = Math.max(0, Math.round(ms / 1000));
		const two = (n) => String(n).padStart(2, "0");
		if (s < 60) return s + " s";
		if (s < 3600) return Math.floor(s / 60) + " min " + two(s % 60) + " s";
		if (s < 86400) return Math.floor(s / 3600) + " h " + two(Math.floor(s / 60) % 60) + " min";
		return Math.floor(s / 86400) + " d " + two(Math.floor(s / 3600) % 24) + " h";
	};
	const tick = () => {
		const now = base + (performance.now() - since) * speed;
		for (const e of document.querySelectorAll("[data-until]")) e.textContent = span(Number(e.dataset.until) - now);
		for (const e of document.querySelectorAll("[data-ago]")) {
			if (!e.title) e.title = e.textContent;
			const passed = now - Number(e.dataset.ago);
			e.textContent = passed < 1500 * speed ? "just now" : span(passed) + " ago";
		}
	};
	const refresh = async () => {
		const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
		const page = new DOMParser().parseFromString(await answer.text(), "text/html");
		const fresh = page.getElementById("live");
		if (!fresh) return;
		for (const d of live.querySelectorAll("details[open][id]")) {
			const same = fresh.querySelector("details[id=" + CSS.escape(d.id) + "]");
			if (same) same.open = true;
		}
		// What somebody stands on with the keyboard is found again.
		const focus = live.contains(document.activeElement) ? document.activeElement.closest("[id]") : null;
		live.replaceChildren(...fresh.childNodes);
		if (focus) {
			const same = document.getElementById(focus.id);
			if (same) (same.querySelector("summary, [tabindex], a") || same).focus({ preventScroll: true });
		}
		const now = page.querySelector("[data-now]");
		if (now && stamp) {
			stamp.textContent = now.textContent;
			stamp.dateTime = now.dateTime;
			base = Number(now.dataset.now);
			since = performance.now();
		}
		tick();
	};
	const on = () => button.getAttribute("aria-pressed") === "true";
	if (live && button) {
		button.hidden = false;
		button.addEventListener("click", () => {
			button.setAttribute("aria-pressed", String(!on()));
			button.textContent = on() ? "Live" : "Paused";
			if (on()) refresh().catch(() => {});
		});
		setInterval(() => {
			if (on() && !document.hidden) refresh().catch(() => {}); // the server may be away; the next time tries again
		}, every);
	}
	tick();
	setInterval(tick, 1000);
})();
