package web

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/thousand-validators/otv/internal/health"
)

// browser starts a headless Chromium and gives a context of a tab in it. What the pages complain about fails the test.
// With OTV_TEST_BROWSER=required a missing browser is a failure.
func browser(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes too long for -short")
	}
	var file string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			file = p
			break
		}
	}
	if file == "" {
		if os.Getenv("OTV_TEST_BROWSER") == "required" {
			t.Fatal("there is no Chromium: `make deps-browser` installs it")
		}
		t.Skip("there is no Chromium: `make deps-browser` installs it")
	}
	o := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(file), chromedp.NoSandbox, chromedp.Flag("hide-scrollbars", true))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, o...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	chromedp.ListenTarget(ctx, func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("the script failed: %s", e.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			t.Errorf("the browser complains: %s %s", e.Entry.Text, e.Entry.URL)
		}
	})
	if err := chromedp.Run(ctx, log.Enable()); err != nil {
		t.Fatalf("start %s: %v", file, err)
	}
	return ctx
}

// serve serves a world.
func serve(t *testing.T, w *world, h health.Report) string {
	t.Helper()
	s, err := site(w, h, simulated)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return srv.URL
}

// media has the browser believe in a wish of its user.
func media(feature, value string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: feature, Value: value}}).Do(ctx)
	})
}

// contrast finds text whose colour is too near that of its ground: less than 4.5 to 1, as WCAG 2.2 AA has it.
const contrast = `(() => {
	const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
	const rgba = (c) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); return canvas.getImageData(0, 0, 1, 1).data; };
	const light = (c) => { const [r, g, b] = [c[0], c[1], c[2]].map((x) => { x /= 255; return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const bad = [];
	for (const e of document.querySelectorAll("body *")) {
		if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || !e.getClientRects().length) continue;
		let under = e, ground = [0, 0, 0, 0];
		while (under && ground[3] === 0) { ground = rgba(getComputedStyle(under).backgroundColor); under = under.parentElement; }
		const [a, b] = [light(rgba(getComputedStyle(e).color)), light(ground)].sort((x, y) => y - x);
		if ((a + 0.05) / (b + 0.05) < 4.5) bad.push(e.tagName + "." + e.className + " " + ((a + 0.05) / (b + 0.05)).toFixed(2) + " " + e.textContent.trim().slice(0, 30));
	}
	return bad.join("\n");
})()`

// TestInBrowser shows the pages in a browser, which is started once.
func TestInBrowser(t *testing.T) {
	ctx := browser(t)
	t.Run("looks", func(t *testing.T) { looks(t, ctx) })
	t.Run("click through", func(t *testing.T) { clickThrough(t, ctx) })
}

// looks renders the page light and dark, narrow and wide. OTV_SCREENSHOTS names a folder for the pictures.
func looks(t *testing.T, ctx context.Context) { //nolint:revive // the test comes first
	w, h := full()
	err := chromedp.Run(ctx,
		chromedp.Navigate(serve(t, w, h)+"/status"),
		chromedp.WaitVisible("#refresh"), // the script has run
		chromedp.Evaluate(`document.querySelectorAll("details").forEach((d, i) => { d.open = i % 2 === 0 })`, nil),
	)
	if err != nil {
		t.Fatal(err)
	}
	dir := os.Getenv("OTV_SCREENSHOTS")
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{360, 1280} {
			name := fmt.Sprintf("status-%s-%d", scheme, width)
			var over int
			var low string
			err := chromedp.Run(ctx,
				chromedp.EmulateViewport(width, 900),
				media("prefers-color-scheme", scheme),
				chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &over),
				chromedp.Evaluate(contrast, &low),
			)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if over > 0 {
				t.Errorf("%s: it is %d pixels wider than the window", name, over)
			}
			if low != "" {
				t.Errorf("%s: too little contrast:\n%s", name, low)
			}
			if dir != "" {
				var shot []byte
				if err := chromedp.Run(ctx, chromedp.FullScreenshot(&shot, 100)); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, name+".png"), shot, 0o600); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// hurry has the page's timers go faster: what it counts down twenty times, and four times what it asks the server for, which
// begins the counting anew.
const hurry = `const real = window.setInterval; window.setInterval = (f, ms) => real(f, ms > 1000 ? ms / 4 : ms / 20)`

// clickThrough uses the page as somebody would.
func clickThrough(t *testing.T, ctx context.Context) { //nolint:revive // the test comes first
	w, h := full()
	now := &atomic.Int64{}
	now.Store(int64(moment0))
	s, err := New(Options{
		Data: w, Health: func() health.Report { return h }, Now: func() time.Time { return time.UnixMilli(now.Load()) }, Label: "simnet",
		Simulation: simulated, BlockTime: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	do := func(what string, actions ...chromedp.Action) {
		t.Helper()
		if err := chromedp.Run(ctx, actions...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	do("hurry", chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(hurry).Do(ctx)
		return err
	}))
	do("open", chromedp.EmulateViewport(1280, 700), media("prefers-reduced-motion", "reduce"), chromedp.Navigate(srv.URL+"/status"), chromedp.WaitVisible("#refresh"))

	// With the keyboard: the first stop leads to the content.
	var focused string
	do("skip", chromedp.KeyEvent(kb.Tab), chromedp.Evaluate(`document.activeElement.textContent`, &focused), chromedp.KeyEvent(kb.Enter),
		chromedp.Poll(`document.activeElement.id === "main"`, nil))
	if focused != "Skip to the content" {
		t.Errorf("the first stop of the keyboard is %q", focused)
	}

	// Every entry of the navigation leads to a part of the page that is in sight then.
	for _, part := range []string{"network", "nominators", "round", "jobs", "health"} {
		do("go to "+part, chromedp.Click(`nav a[href="#`+part+`"]`),
			chromedp.Poll(fmt.Sprintf(`location.hash === "#%s" && document.getElementById(%q).getBoundingClientRect().top < innerHeight`, part, part), nil))
	}

	// The targets of a nominator open.
	third := `#nominator-` + string(address(102))
	summary := third + ` details[id^="targets-"] summary`
	do("open the targets", chromedp.Click(summary), chromedp.WaitVisible(third+` details[id^="targets-"] ol`))

	// The wait counts down by itself, from 6 s.
	wait := `document.querySelector(` + fmt.Sprintf("%q", third+" .wait time") + `)`
	do("count down", chromedp.Poll(wait+`.textContent !== "6 s"`, nil))

	// What changes comes by itself, and what is open stays open.
	now.Add(60_000)
	do("refresh", chromedp.Poll(wait+`.dataset.until && document.querySelector("[data-now]").textContent.includes("20:27:40")`, nil, chromedp.WithPollingTimeout(30*time.Second)),
		chromedp.WaitVisible(third+` details[id^="targets-"] ol`))

	// It can be stopped.
	var text string
	do("pause", chromedp.Click("#refresh"), chromedp.Poll(`document.querySelector("#refresh").getAttribute("aria-pressed") === "false"`, nil), chromedp.Text("#refresh", &text))
	if text != "Paused" {
		t.Errorf("the button says %q", text)
	}
	now.Add(60_000)
	do("go on", chromedp.Click("#refresh"), chromedp.Poll(`document.querySelector("[data-now]").textContent.includes("20:28:40")`, nil))

	// Without the script everything is there.
	var body string
	do("without script", chromedp.ActionFunc(func(ctx context.Context) error { return emulation.SetScriptExecutionDisabled(true).Do(ctx) }),
		chromedp.Navigate(srv.URL+"/status"), chromedp.OuterHTML("html", &body))
	for _, want := range []string{"Simulation.", "announced at height 22341", "sha256:0123456789", "ValidityJob"} {
		if !strings.Contains(body, want) {
			t.Errorf("without the script, %q is missing", want)
		}
	}
}
