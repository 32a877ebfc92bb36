import type { Explanation } from './explanation.js';

/** Errors of the runtime while weights are read, mapped or written. */
export const runtimeWeightExplanations: Readonly<Record<string, Explanation>> = {
  TFM5101: {
    meaning:
      'The first eight bytes of a safetensors file are the length of its header, and this length is larger than the file or than any real header. Most often the file is not safetensors at all: an HTML page of an error, a Git LFS pointer, or a download that stopped.',
    fix: 'Look at the first bytes of the file, and download it again.',
  },
  TFM5102: {
    meaning: 'The header of a safetensors file is JSON, and this one is not, or it is something else than an object.',
    fix: 'The file is damaged or of another kind: fetch it again.',
  },
  TFM5103: {
    meaning: 'Two tensors of the file have the same name, so nothing can say which is meant.',
    fix: 'The file was written incorrectly: write it again from its source.',
  },
  TFM5104: {
    meaning:
      'A tensor needs a `dtype`, a `shape` of whole numbers and two `data_offsets` in the header, and one of them is missing or malformed.',
    fix: 'The file was written incorrectly: write it again from its source.',
  },
  TFM5105: {
    meaning:
      'The number format of a tensor is not one that can be read. Known are F64, F32, F16, BF16, I64, I32, I16, I8, U8 and BOOL; quantised formats are not yet supported.',
    fix: 'Convert the checkpoint to F32, F16 or BF16 before loading it.',
  },
  TFM5106: {
    meaning:
      'The bytes that the header gives to a tensor are not as many as its shape needs, or lie outside of the file: the file is incomplete or damaged.',
    fix: 'Download the file again and compare its size with the published one.',
  },
  TFM5107: {
    meaning:
      'The tensors of a safetensors file lie side by side without gaps. Here two overlap, or some bytes belong to no tensor: either can hide something in the file.',
    fix: 'Do not trust the file: fetch it again, or write it again from its source.',
  },
  TFM5108: {
    meaning: 'The `__metadata__` of a safetensors header maps text to text, and this one does not.',
    fix: 'Write the file again with metadata of strings only.',
  },
  TFM5109: {
    meaning: 'Integers are read as 32 bits, as TensorFlow.js has them, and an I64 of the file does not fit.',
    fix: 'Such a number is no token id: is the tensor meant to be read?',
  },
  TFM5110: {
    meaning:
      'A file or address cannot be read: it does not exist, access is refused, the server answered with an error, or it has another file now than the one that was opened. The message has the reason.',
    fix: 'In a page, the server must allow the origin (CORS). In Node, paths are relative to the working folder.',
  },
  TFM5111: {
    meaning: 'A tensor was asked for by a name that the checkpoint does not have.',
    fix: '`checkpoint.names()` lists the names.',
  },
  TFM5112: {
    meaning:
      'A sharded checkpoint has an index, `….safetensors.index.json`, whose `weight_map` says which file has which tensor. This index has another form.',
    fix: 'Fetch the index again.',
  },
  TFM5113: {
    meaning: 'The index of a sharded checkpoint names a file that cannot be opened.',
    fix: 'All files of a sharded checkpoint lie beside its index: fetch the one that the message names.',
  },
  TFM5114: {
    meaning:
      'The index says that a tensor is in one file, and the files say otherwise. Often index and files come from different versions.',
    fix: 'Fetch index and files again, all of the same revision.',
  },
  TFM5115: {
    meaning:
      'The index names a file by a path that leaves its folder. A checkpoint may not read other files of the machine.',
    fix: 'Do not trust the index.',
  },
  TFM5116: {
    meaning:
      'A tensor cannot be written to a safetensors file: its name is taken, or its values do not fit the format.',
    fix: 'The message says which tensor and why.',
  },
  TFM5117: {
    meaning:
      'A tensor of few bits (F8_E4M3, or MXFP4 blocks) needs the scales of its blocks: `X_scale_inv` beside `X`, `X_scales` beside `X_blocks`. They are missing, or they are not as many as the tensor has blocks.',
    fix: 'Fetch weights and scales again, all of the same revision. Scales of another kind (`weight_scale`, zero points) are not read: convert such a checkpoint to F32, BF16 or F16.',
  },
  TFM5201: {
    meaning:
      'A weight of the model has no tensor in the checkpoint: the file does not have the name that the checkpoint map gives. The message names the nearest tensor that nothing uses.',
    fix: 'Is the right `checkpoint` chosen, and the right configuration (depth, tied embeddings)? Otherwise correct the rule; weights that only some outputs need are marked `for output`.',
  },
  TFM5202: {
    meaning:
      'A tensor of the checkpoint is used by no rule. Perhaps the model lacks a part of what the checkpoint was trained with: then its outputs would be wrong without a word.',
    fix: 'Add a rule, or write `ignore "name"` where the model does not need it (buffers such as masks or position ids).',
  },
  TFM5203: {
    meaning:
      'The tensor of the checkpoint, after the steps of its rule, does not have the shape of the weight. The message traces the shape through the steps.',
    fix: 'Most often the configuration differs (`width`, `heads`, `hidden`), or a `transpose` is missing or too many: linear weights are [out, in], as in PyTorch.',
  },
  TFM5204: {
    meaning:
      '`also` says that the file may have a second copy of a weight, equal to the first. Here the copies differ, so the checkpoint has two weights where the model has one.',
    fix: 'The spec ties weights that this checkpoint does not tie: give it two, for example with a parameter `tied`.',
  },
  TFM5205: {
    meaning:
      'Of a name, its `or` alternatives and the two variants of each optional part `(…)?`, a checkpoint has exactly one. This one has two, so nothing says which is right.',
    fix: 'Remove one of them from the file, `ignore` one, or write `also` where they are copies of each other.',
  },
  TFM5206: {
    meaning: 'The path of a rule, or an item of its set, names no weight in this configuration.',
    fix: 'Correct the path, or add `when …` where the weights exist in some configurations only.',
  },
  TFM5207: {
    meaning:
      'A rule of a checkpoint map cannot be read. The compiler reports this of maps in specs; maps that are written by hand are checked here.',
    fix: 'See “Checkpoint maps” in the language reference.',
  },
  TFM5208: {
    meaning: 'Two rules name the same weight, and neither names more of its path than the other.',
    fix: 'Remove one, or add `when` to both.',
  },
  TFM5209: {
    meaning:
      'The weights cannot be written under the names of the map: a step cannot be undone, a part of a fused tensor is missing, or two weights that share a tensor differ.',
    fix: 'Steps such as `reshape` need the shapes of an original file; write `axes("1 1 c -> 1 c")` in the place of `reshape` where saving matters. Without a `checkpoint`, every model can be saved under its own names.',
  },
};
