import type { DiscoveredArtifact, Discovery, DiscoveryState, StoreDiscovery } from "../engine/discovery.ts";
import { printable } from "./escape.ts";
import type { Tone } from "./paint.ts";
import type { ReportStyle } from "./report-style.ts";
import { notAsked, notAwaited, storeNode, type StoreState } from "./store-nodes.ts";
import { renderTree, type TreeNode } from "./tree.ts";

const toneOf: { readonly [O in Discovery["outcome"]]: Tone } = {
  complete: "good",
  partial: "doubtful",
  "not-found": "bad",
  inconclusive: "doubtful",
};
const states: { readonly [S in DiscoveryState]: StoreState } = {
  Complete: { text: "listed to its end", sign: "yes", tone: "good" },
  ListedByOther: { text: "another store with the same credential listed its location", sign: "yes", tone: "good" },
  Failed: { text: "failed", sign: "no", tone: "bad" },
  NotFound: { text: "does not know the image", sign: "no", tone: "bad" },
  NotAwaited: notAwaited,
  NotAsked: notAsked,
};
const unlistedText: { readonly [U in NonNullable<DiscoveredArtifact["unlisted"]>]: string } = {
  BeyondDepth: "what is attached to it lies beyond limits.depth of every store",
  ListedElsewhere: "what is attached to it stands elsewhere in this tree",
};

/** What is attached to an image, for people: the artifacts as a tree, each store's part in it, and one sentence. */
export function renderDiscovery(discovery: Discovery, style: ReportStyle): string {
  const { paint, glyphs } = style;
  const { image, digest, outcome, code, summary, artifacts, stores } = discovery;
  const told = `${outcome.replace("-", " ")}${code === undefined ? "" : ` (${code})`}`;
  return renderTree(
    {
      text: paint("strong", printable(image)),
      lines: digest === undefined ? [] : [digest],
      children: [
        ...(artifacts.length === 0 ? [] : [{ text: "artifacts", children: artifacts.map((one) => artifactNode(one, style)) }]),
        ...(stores.length === 0 ? [] : [{ text: "stores", children: stores.map((one) => nodeOf(one, style)) }]),
        { text: `${paint(toneOf[outcome], told)}: ${printable(summary)}` },
      ],
    },
    glyphs,
  );
}

function artifactNode(artifact: DiscoveredArtifact, style: ReportStyle): TreeNode {
  const { digest, artifactType, mediaType, size, isTagged, heldBy, referrers, unlisted } = artifact;
  return {
    text: style.paint("strong", printable(artifactType ?? mediaType)),
    lines: [
      digest,
      `${size} bytes${isTagged ? ", under cosign's tag" : ""}, in ${heldBy.map(printable).join(", ")}`,
      ...(unlisted === undefined ? [] : [style.paint("faint", unlistedText[unlisted])]),
    ],
    children: referrers.map((one) => artifactNode(one, style)),
  };
}

function nodeOf({ name, location, state, artifacts, failures }: StoreDiscovery, style: ReportStyle): TreeNode {
  const { text, tone } = states[state];
  const count = artifacts === 0 && state !== "Complete" ? "" : `, ${artifacts} ${artifacts === 1 ? "artifact" : "artifacts"}`;
  return storeNode({ name, at: location, state: states[state], failures }, `${style.paint(tone, text)}${count}`, style);
}
