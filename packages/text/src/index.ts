export { parseT5Config, type T5Config } from "./t5/config.ts"
export { t5EncoderProgram, type T5EncoderSize } from "./t5/encoder.ts"
export { layer, type TextEncoderOptions } from "./text-encoder.ts"
export { loadTokenizer, type PaddedIds, type Tokenizer, type TokenizerFiles } from "./tokenizer/tokenizer.ts"
