// Fetches the page anew and takes over its content; what is folded stays folded.
const main = () => document.getElementById("world");
let last = "";
async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("world");
    document.body.classList.remove("lost");
    if (!fresh || fresh.innerHTML === last) return;
    last = fresh.innerHTML;
    const scrolled = {};
    for (const old of main().querySelectorAll("details[id]")) {
      const now = fresh.querySelector("#" + CSS.escape(old.id));
      if (now) now.open = old.open;
      const pre = old.querySelector("pre");
      if (pre) scrolled[old.id] = pre.scrollTop;
    }
    main().replaceWith(document.adoptNode(fresh));
    for (const id in scrolled) {
      const pre = document.querySelector("#" + CSS.escape(id) + " pre");
      if (pre) pre.scrollTop = scrolled[id];
    }
  } catch (error) {
    document.body.classList.add("lost");
  }
}
setInterval(refresh, 3000);
