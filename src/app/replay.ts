import { resourceKind, resolveRef } from "../api/object.ts";
import { decodeVerifier, keyProviderRefsOf } from "../api/verifier.ts";
import type { ReplayedReport } from "../cli/ports.ts";
import type { Clock } from "../kernel/clock.ts";
import { Turns } from "../kernel/turns.ts";
import { decodeTape } from "../tape/decode-tape.ts";
import { replay, type ReplayDeps } from "../tape/replay.ts";
import type { Tape } from "../tape/tape.ts";
import { TapeError } from "../tape/tape-error.ts";
import { buildVerifier } from "../verifier/catalog.ts";
import { PolicyExpressions } from "./expressions.ts";
import { readTapeFile } from "./tape-file.ts";

/** Verifies again what a file holds. There is no transport, no keychain and no source of objects: nobody could be contacted. @throws TapeError */
export async function replayFile(path: string, { clock }: { readonly clock: Clock }, signal: AbortSignal): Promise<ReplayedReport> {
  const tape = decodeTape(await readTapeFile(path));
  await using expressions = new PolicyExpressions({ clock });
  const turns = new Turns();
  const { report, keys, differences } = await replay(
    tape,
    { clock, verifier: (origin, keyProviders) => rebuildVerifier(origin, keyProviders, turns), expressions: expressions.pool },
    signal,
  );
  return {
    report,
    explanation: explanationOf(tape),
    printed: tape.report,
    recordedBy: tape.recordedBy,
    startTime: tape.startTime,
    keys: keys.map(({ provider, name, algorithm, fingerprint }) => ({ provider, name, algorithm, fingerprint })),
    differences,
  };
}

/** As the compiler builds it from a manifest, which is what the recording has of it. */
function rebuildVerifier(
  { name: id, spec: raw }: Tape["verifiers"][number],
  keyProviders: Parameters<ReplayDeps["verifier"]>[1],
  turns: Turns,
): ReturnType<ReplayDeps["verifier"]> {
  const slash = id.indexOf("/");
  const namespace = slash < 0 ? undefined : id.slice(0, slash);
  const metadata = { name: id.slice(slash + 1), ...(namespace !== undefined && { namespace }) };
  const decoded = decodeVerifier({ kind: resourceKind("Verifier", namespace), metadata, spec: raw });
  if (!decoded.ok) {
    const [{ path, message } = { path: undefined, message: "" }] = decoded.diagnostics;
    throw new TapeError("TAPE_INVALID", `The recording is not valid: of a Verifier, ${path ?? "it"}: ${message}`);
  }
  const refs = keyProviderRefsOf(decoded.spec);
  return buildVerifier(decoded.spec, {
    name: id,
    keyProviders: new Map(refs.map((ref) => [ref, keyProviders.get(resolveRef(ref, namespace))])),
    turns,
  });
}

function explanationOf({ image, credentials }: Tape): ReplayedReport["explanation"] {
  return {
    image,
    reference: null,
    stores: credentials.map(({ store, outcome, authProvider }) => ({
      name: store,
      asked: true,
      reason: "ScopeMatches",
      ...(outcome !== undefined && { outcome }),
      ...(authProvider !== undefined && { authProvider }),
      candidates: [],
    })),
    policies: [],
  };
}
