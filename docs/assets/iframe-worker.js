// A browser starts no worker from a page that was opened as a file. There, the site's search runs
// in a hidden frame that looks like a worker to both sides.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(script) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.ready = new Promise((resolve) => {
        this.frame.addEventListener("load", () => {
          const inner = this.frame.contentWindow;
          inner.postMessage = (data) =>
            this.dispatchEvent(new MessageEvent("message", { data }));
          const element = inner.document.createElement("script");
          element.src = script;
          element.addEventListener("load", () => resolve(inner));
          inner.document.head.append(element);
        }, { once: true });
      });
      this.frame.srcdoc = "<!doctype html><title>search</title>";
      const place = () => document.body.append(this.frame);
      document.body ? place() : addEventListener("DOMContentLoaded", place);
    }

    postMessage(data) {
      this.ready.then((inner) => inner.dispatchEvent(new inner.MessageEvent("message", { data })));
    }

    terminate() {
      this.frame.remove();
    }
  };
}
