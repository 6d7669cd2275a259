/** The ids of a piece of a text. What no token stands for is left out, as Hugging Face's tokenizers do. */
export type EncodePiece = (piece: string) => readonly number[];
