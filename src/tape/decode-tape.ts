import { errorClasses } from "../api/error-class.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import { digestOf } from "../oci/digest-of.ts";
import { asObject, field, parseJSON } from "../oci/json.ts";
import { realmsShape } from "./decode-view.ts";
import { anyObject, duration, entries, invalid, list, oneOf, optional, type Shape, struct, text, union, whole } from "./shape.ts";
import {
  longestTape,
  type Outcome,
  type Tape,
  type TapeCredential,
  type TapeDescriptor,
  type TapeEvent,
  tapeFormat,
  type TapeKeyProvider,
  type TapeVerifier,
  tapeVersion,
} from "./tape.ts";
import { TapeError } from "./tape-error.ts";

/** Deepest nesting: a report has seven levels, and the spec of a Verifier a few. */
const deepest = 32;
/** Entries of two realms' listings, with all that is read of them, of all the Stores that one image has. */
const mostEvents = 500_000;
const most = { objects: 4096, content: 50_000, labels: 1024, platforms: 10_000 } as const;
const longest = { name: 512, call: 4096, message: 4096, text: 8192, image: 4096 } as const;
/** What a `Date` can hold. */
const latestTime = 8.64e15;
/** An hour, which is the longest `--timeout`, and some more. */
const longestMs = 7_200_000;

/**
 * A recording as it was written, or an error that says what is wrong with it. Whether it is true nobody can say who has only the recording: its content is
 * checked against the digests, and everything that can be found out from it is found out again by whoever plays it.
 * @throws TapeError TAPE_NOT_A_TAPE, TAPE_VERSION_UNKNOWN, TAPE_INVALID, TAPE_ALTERED, TAPE_TOO_LARGE
 */
export function decodeTape(bytes: Uint8Array): Tape {
  if (bytes.byteLength > longestTape)
    throw new TapeError("TAPE_TOO_LARGE", `The file is larger than ${longestTape / 1024 / 1024} MiB, as no recording is`);
  const parsed = parseJSON(bytes, "The file", { bytes: longestTape, depth: deepest });
  if (!parsed.ok) throw notATape(`${parsed.message}: it is no recording, or not the whole of one`);
  const object = asObject(parsed.value);
  if (object === undefined || field(object, "format") !== tapeFormat) throw notATape(`The file is JSON, and no recording`);
  if (field(object, "version") !== tapeVersion)
    throw new TapeError("TAPE_VERSION_UNKNOWN", `The recording is of another version than ${tapeVersion}, the only one that is read here`);
  return tapeShape(object, "");
}

function notATape(message: string): TapeError {
  return new TapeError("TAPE_NOT_A_TAPE", message);
}

const digest: Shape<Digest> = (value, at) => {
  const parsed = typeof value === "string" ? parseDigest(value) : undefined;
  if (parsed === undefined) throw invalid(at, "is no digest");
  return parsed;
};

const descriptor: Shape<TapeDescriptor> = struct<TapeDescriptor>({
  mediaType: text(longest.text),
  digest,
  size: whole(0, Number.MAX_SAFE_INTEGER),
  artifactType: optional(text(longest.text)),
});

const outcome: Shape<Outcome> = union<Outcome>({
  resolved: struct<Extract<Outcome, { type: "resolved" }>>({
    type: oneOf("resolved"),
    descriptor,
    platforms: optional(list(descriptor, most.platforms)),
  }),
  entry: struct<Extract<Outcome, { type: "entry" }>>({ type: oneOf("entry"), descriptor }),
  end: struct<Extract<Outcome, { type: "end" }>>({ type: oneOf("end") }),
  content: struct<Extract<Outcome, { type: "content" }>>({ type: oneOf("content"), digest }),
  failed: struct<Extract<Outcome, { type: "failed" }>>({
    type: oneOf("failed"),
    class: oneOf(...errorClasses),
    message: text(longest.message),
    retryAt: optional(whole(0, latestTime)),
    isUnproven: optional(oneOf(true)),
  }),
  stopped: struct<Extract<Outcome, { type: "stopped" }>>({ type: oneOf("stopped"), name: oneOf("TimeoutError", "AbortError") }),
  defect: struct<Extract<Outcome, { type: "defect" }>>({ type: oneOf("defect") }),
  fired: struct<Extract<Outcome, { type: "fired" }>>({ type: oneOf("fired") }),
  found: struct<Extract<Outcome, { type: "found" }>>({ type: oneOf("found"), result: text(longest.message) }),
});

const event: Shape<TapeEvent> = struct<TapeEvent>({ at: duration(longestMs), call: text(longest.call), outcome });

const labels = entries((key, value, at) => [text(longest.name)(key, at), text(longest.name)(value, at)] as const, most.labels);

const namespace: Shape<NonNullable<Tape["namespace"]>> = struct<NonNullable<Tape["namespace"]>>({
  name: text(longest.name),
  labels: optional((value, at) => Object.fromEntries(labels(value, at))),
});

const credential: Shape<TapeCredential> = struct<TapeCredential>({
  store: text(longest.name),
  outcome: optional(oneOf("Selected", "Anonymous", "Denied", "CredentialUnavailable", "PatternConflict")),
  authProvider: optional(struct<NonNullable<TapeCredential["authProvider"]>>({ name: text(longest.name), pattern: text(longest.text) })),
});

const keyProvider: Shape<TapeKeyProvider> = struct<TapeKeyProvider>({
  name: text(longest.name),
  keys: list(struct<TapeKeyProvider["keys"][number]>({ name: text(longest.name), publicKey: text(longest.text) }), most.objects),
  problem: optional(text(longest.message)),
});

/** Bytes that are not those of their digest are the clearest sign that somebody, or a disk, changed the recording. */
const content: Shape<ReadonlyMap<Digest, Uint8Array>> = (value, at) =>
  new Map(
    entries((key, encoded, place) => {
      const name = digest(key, place);
      const bytes = Buffer.from(text(longestTape)(encoded, place), "base64");
      if (digestOf(bytes, name) === name) return [name, bytes] as const;
      throw new TapeError("TAPE_ALTERED", `The recording was changed: what it has for ${name} are other bytes`);
    }, most.content)(value, at),
  );

const tapeShape: Shape<Tape> = struct<Tape>({
  format: oneOf(tapeFormat),
  version: oneOf(tapeVersion),
  recordedBy: text(longest.name),
  image: text(longest.image),
  namespace: optional(namespace),
  startTime: whole(0, latestTime),
  realms: realmsShape,
  verifiers: list(struct<TapeVerifier>({ name: text(longest.name), spec: anyObject }), most.objects),
  keyProviders: list(keyProvider, most.objects),
  credentials: list(credential, most.objects),
  events: list(event, mostEvents),
  content,
  report: anyObject,
});
