import { now, signed, unsigned } from "../cli/fixtures.ts";
import { FakeError, run, type SessionOptions } from "../cli/session.ts";
import { ManualClock } from "../support/clock.ts";
import type { Situation, Situations } from "./situation.ts";

async function session(argv: readonly string[], options: SessionOptions = {}): Promise<string> {
  const { stderr, exit } = await run(argv, options);
  return `${stderr}exit ${exit}`;
}

/** A slip on the command line: nothing was opened, and nobody was asked. */
const refused = (when: string, argv: readonly string[], stdin = ""): Situation => ({ when, says: () => session(argv, { stdin }) });

const usage: Situations = [
  refused("a command is misspelt", ["verif", "a/b"]),
  refused("there is no such command", ["frobnicate"]),
  refused("an option is misspelt", ["check", "--manifest", "m"]),
  refused("there is no such option", ["check", "--zzz"]),
  refused("an option has no value", ["check", "--manifests"]),
  refused("there are too many arguments", ["check", "x"]),
  refused("an argument is missing", ["get"]),
  refused("two options exclude each other", ["check", "--manifests", "m", "--kubeconfig", "k"]),
  refused("an option is empty", ["check", "--manifests", ""]),
  refused("a choice is misspelt", ["check", "-o", "yml"]),
  refused("a choice is none", ["check", "-o", "wide"]),
  refused("a time has no unit", ["check", "--timeout", "30"]),
  refused("a time is too long", ["check", "--timeout", "2h"]),
  refused("a namespace is no name", ["check", "--namespace", "Team/A"]),
  refused("a kind is misspelt", ["get", "store s"]),
  refused("there is no such kind", ["get", "pods"]),
  refused("one object is asked for across all namespaces", ["get", "namespacedstores", "a", "-A"]),
  refused("serve is given an option of files", ["serve", "--once"]),
  refused("a port is none", ["serve", "--health-port", "65536"]),
  refused("diff is given one directory", ["diff", "--manifests", "old", signed]),
  refused("completion is asked for an unknown shell", ["completion", "powershell"]),
];

const images: Situations = [
  refused("there is no image", ["verify"]),
  refused(
    "a list has more images than are compared",
    ["diff", "--manifests", "a", "--manifests", "b", "--images-from", "-"],
    Array.from({ length: 10_001 }, (_, at) => `acme.io/${at}`).join("\n"),
  ),
  refused("standard input is named twice", ["verify", "-", "-"]),
  refused("oci: names no directory", ["verify", "oci:"]),
  refused("oci: names no digest", ["verify", "oci:dir@sha256:1"]),
  refused("a directory is explained", ["explain", "oci:dir"]),
  refused("--as is given for an image of a registry", ["verify", signed, "--as", "acme.io/web"]),
  refused("--as names a directory", ["verify", "oci:dir", "--as", "oci:dir"]),
  refused("--record is given for two images", ["verify", "--record", "x.json", signed, unsigned]),
  refused("--record is given for a directory", ["verify", "--record", "x.json", "oci:dir"]),
  refused("--replay is given an image", ["verify", "--replay", "x.json", signed]),
];

const failing = (when: string, argv: readonly string[]): Situation => ({
  when,
  says: () => session(argv),
});

/** Time runs out while it waits. */
async function late(argv: readonly string[], answers: SessionOptions["answers"] = {}): Promise<string> {
  const clock = new ManualClock(now);
  const ran = session([...argv, "--timeout", "2s"], { clock, answers });
  await clock.advance(4000);
  return await ran;
}
const never = () => new Promise<never>(() => {});

const answers: Situations = [
  failing("an image could not be verified", ["verify", "registry.example/unknown:1"]),
  failing("an image could not be resolved", ["resolve", "registry.example/unknown:1"]),
  failing("an image's artifacts could not be read", ["discover", "registry.example/unknown:1"]),
  failing("there is no such object", ["get", "stores", "productoin"]),
  failing("there is no such object, nor one of a name like it", ["get", "stores", "zzz"]),
  failing("there is no such object in a namespace", ["get", "namespacedstores", "zzz", "--in-namespace", "team-a"]),
  { when: "the configuration is not read in time", says: () => late(["check"], { open: never }) },
  { when: "there is no answer, and nothing is recorded", says: () => late(["verify", "--record", "x.json", signed], { verify: never }) },
  {
    when: "the command is interrupted",
    says: () => session(["verify", signed], { signal: AbortSignal.abort(new DOMException("Stopped", "AbortError")) }),
  },
  {
    when: "a defect shows",
    says: async () => {
      const fail = (): never => {
        throw new TypeError("what the runtime says is not shown: it may quote a secret");
      };
      return (await session(["check"], { answers: { open: async () => fail() } })).replaceAll(/ at .*\)/g, " at …");
    },
  },
  {
    when: "something is to be corrected that has no advice of its own",
    says: () =>
      session(["check"], {
        answers: { open: () => Promise.reject(new FakeError("FAKE_UNREADABLE", "It is wrong", { remedy: "fix-configuration" })) },
      }),
  },
];

export const commandLine: Situations = [...usage, ...images, ...answers];
