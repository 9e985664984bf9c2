import { clouds } from "./clouds.ts";
import { commandLine } from "./command-line.ts";
import { conditions, words } from "./conditions.ts";
import { credentials } from "./credentials.ts";
import { expressions } from "./expressions.ts";
import { keys } from "./keys.ts";
import { kubernetes } from "./kubernetes.ts";
import { manifestFiles } from "./manifests.ts";
import { recordings } from "./recordings.ts";
import { referenceTexts } from "./references.ts";
import { signatures } from "./signatures.ts";
import { scrubbed, type Situations } from "./situation.ts";
import { stores } from "./stores.ts";
import { transports } from "./transport.ts";
import { verdicts } from "./verdicts.ts";
import { compositions } from "./whole.ts";

const chapters: Readonly<Record<string, Situations>> = {
  "The command line": commandLine,
  "Commands, with files and clusters": compositions,
  Recordings: recordings,
  "Manifests in files": manifestFiles,
  "References, patterns, repositories and hosts": referenceTexts,
  Expressions: expressions,
  Keys: keys,
  Credentials: credentials,
  "Credentials from clouds": clouds,
  "Connections to registries": transports,
  "What registries hold": stores,
  Signatures: signatures,
  Verdicts: verdicts,
  "Conditions in a status": conditions,
  "The Kubernetes API": kubernetes,
  "Words of closed lists": words,
};

/** The golden file: every situation with what a person then reads. */
export async function everything(): Promise<string> {
  const texts: string[] = [];
  for (const [title, situations] of Object.entries(chapters)) texts.push(await chapter(title, situations));
  return texts.join("\n");
}

async function chapter(title: string, situations: Situations): Promise<string> {
  const parts: string[] = [];
  for (const { when, says } of situations) {
    try {
      parts.push(
        `when ${when}:\n${scrubbed(await says())
          .trimEnd()
          .replaceAll(/^/gm, "    ")}\n`,
      );
    } catch (cause) {
      throw new TypeError(`Nothing is said when ${when}`, { cause });
    }
  }
  return `${title}\n${"=".repeat(title.length)}\n\n${parts.join("\n")}`;
}
