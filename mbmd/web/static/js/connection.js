// The stream of readings: kept up, given up while nobody looks, and had again as soon as somebody does.

const LONGEST = 15000;
const SHORTEST = 1000;
/** Milliseconds without a word after which a connection is taken for dead; the status comes once a second. */
const SILENT = 10000;
/** Milliseconds that a hidden page listens on. */
const UNSEEN = 60000;

/** Tells `onMessage` each message, and `onState` whether it is connecting, live or lost. */
export class Connection {
  constructor(path, onMessage, onState) {
    this.url = new URL(path, document.baseURI);
    this.url.protocol = this.url.protocol.replace("http", "ws");
    this.onMessage = onMessage;
    this.onState = onState;
    /** When the last message came; when the page was made if none came yet. */
    this.heard = Date.now();
    this.opened = 0;
    this.failures = 0;
    this.socket = null;
    this.retry = 0;
    this.unseen = 0;
    addEventListener("online", () => this.#now());
    addEventListener("pageshow", () => this.#now());
    document.addEventListener("visibilitychange", () => this.#seen());
    setInterval(() => this.#watch(), 2000);
    this.onState("connecting");
    this.#open();
  }

  #open() {
    clearTimeout(this.retry);
    this.retry = 0;
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.opened = Date.now();
    socket.onmessage = ({ data }) => {
      this.heard = Date.now();
      this.failures = 0;
      this.onState("live");
      this.onMessage(JSON.parse(data));
    };
    socket.onclose = () => this.#lost(socket);
  }

  #lost(socket) {
    if (socket !== this.socket) return;
    this.socket = null;
    this.onState("lost");
    if (document.hidden) return;
    // Clients that lost the same daemon must not all come back in the same moment.
    const pause = Math.min(LONGEST, SHORTEST * 2 ** this.failures) * (0.5 + Math.random() / 2);
    this.failures += 1;
    this.retry = setTimeout(() => this.#open(), Math.max(SHORTEST, pause));
  }

  #now() {
    if (this.socket === null && !document.hidden) this.#open();
  }

  #seen() {
    clearTimeout(this.unseen);
    if (document.hidden) this.unseen = setTimeout(() => this.#close(), UNSEEN);
    else this.#now();
  }

  #watch() {
    if (this.socket && Date.now() - Math.max(this.heard, this.opened) > SILENT) this.#close();
  }

  #close() {
    const socket = this.socket;
    if (!socket) return;
    socket.close();
    // A dead connection may take minutes to close; nobody waits for that.
    this.#lost(socket);
    socket.onmessage = null;
  }
}
