/** A report is for people and goes through a webhook: so many sentences, and how many more there are. */
const mostSentences = 20;

export function cut(sentences: readonly string[]): readonly string[] {
  if (sentences.length <= mostSentences) return sentences;
  return [...sentences.slice(0, mostSentences - 1), `and ${sentences.length - mostSentences + 1} more`];
}
