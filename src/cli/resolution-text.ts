import type { ImageResolution, ResolutionState, StoreResolution } from "../engine/resolve-image.ts";
import { printable } from "./escape.ts";
import type { Tone } from "./paint.ts";
import type { ReportStyle } from "./report-style.ts";
import { notAsked, notAwaited, storeNode, type StoreState } from "./store-nodes.ts";
import { renderTree, type TreeNode } from "./tree.ts";

const toneOf: { readonly [O in ImageResolution["outcome"]]: Tone } = { resolved: "good", "not-found": "bad", inconclusive: "doubtful" };
const states: { readonly [S in ResolutionState]: StoreState } = {
  Resolved: { text: "", sign: "yes", tone: "good" },
  NotFound: { text: "not there", sign: "no", tone: "bad" },
  Failed: { text: "failed", sign: "unknown", tone: "doubtful" },
  CoveredByOther: { text: "not needed: another store answered for the same repository", sign: "skipped", tone: "faint" },
  NotAwaited: notAwaited,
  NotAsked: notAsked,
};

/** What an image stands for, for people: each Store's word, and the answer last. */
export function renderResolution(resolution: ImageResolution, style: ReportStyle): string {
  const { paint, glyphs } = style;
  const { image, outcome, digest, code, summary, stores } = resolution;
  const told =
    outcome === "resolved" ? `resolved: ${digest ?? ""}` : `${outcome.replace("-", " ")}${code === undefined ? "" : ` (${code})`}`;
  const answer: TreeNode = {
    text: paint(toneOf[outcome], told),
    lines: outcome === "resolved" && stores.some(({ state }) => state === "Resolved") ? [] : [printable(summary)],
  };
  return renderTree(
    { text: paint("strong", printable(image)), children: [...stores.map((store) => nodeOf(store, style)), answer] },
    glyphs,
  );
}

function nodeOf({ name, repository, state, digest, failure }: StoreResolution, style: ReportStyle): TreeNode {
  const { text, tone } = states[state];
  const store = { name, at: repository, state: states[state], failures: failure === undefined ? [] : [failure] };
  return storeNode(store, digest ?? style.paint(tone, text), style);
}
