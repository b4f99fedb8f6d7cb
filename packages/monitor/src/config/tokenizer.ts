/**
 * Counts the tokens of a text; undefined when it cannot for this model. It is called with pieces of at most 2 000 bytes,
 * after the stream: the time tokenizers take can grow with the square of a text. What it throws is taken as undefined.
 */
export type Tokenizer = (text: string, model: string) => number | undefined;
