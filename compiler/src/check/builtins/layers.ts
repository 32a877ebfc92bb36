import { divide } from '../../algebra/construct.js';
import { print } from '../../algebra/print.js';
import type { Expression, Initializer } from '../../graph/graph.js';
import { declareWeights, type WeightRequest } from '../nodes.js';
import { agree, checkSize, lastSize, showType, withLast } from '../sizes.js';
import { describe, type EmbeddingTable, failed, type Value } from '../values.js';
import { attributes, type Builtin, named, ones, positional, type Use, xavierUniform, zeros } from './builtin.js';
import { windowsOf } from './windows.js';

/** y = x·Wᵀ + b; W is [out, in / groups] as in PyTorch. */
const linear: Builtin = {
  name: 'linear',
  floats: true,
  operands: 1,
  parameters: [...positional('out'), ...named('bias', 'groups', 'init')],
  run: (use) => {
    const x = use.stream(1, 'a value with features');
    const out = use.size('out');
    const bias = use.flag('bias', true);
    const groups = use.size('groups', 1);
    const init = use.initializer('init', xavierUniform);
    if (!x || out === undefined || bias === undefined || groups === undefined || !init) return failed;
    const into = divide(lastSize(x.type), groups);
    if (!checkSize(use.checker, into, use.at)) return failed;
    const requests: WeightRequest[] = [{ role: 'weight', shape: [out, into], initializer: init }];
    return conditionalBias(use, 'linear', requests, { shape: [out], bias }, (weights) =>
      use.emit('linear', [x], withLast(x.type, out), {
        weights,
        attributes: attributes({ groups }, { groups: 1 }),
        segments: x.segments,
      }),
    );
  },
};

/** A convolution along the sequence (Waibel et al. 1989): a linear layer over windows of it. */
const conv1d: Builtin = {
  name: 'conv1d',
  floats: true,
  operands: 1,
  parameters: [...positional('out'), ...named('kernel', 'stride', 'pad', 'bias', 'init')],
  run: (use) => {
    const windows = windowsOf(use, 'kernel');
    const out = use.size('out');
    const bias = use.flag('bias', true);
    const init = use.initializer('init', xavierUniform);
    if (!windows || out === undefined || bias === undefined || !init) return failed;
    const requests: WeightRequest[] = [{ role: 'weight', shape: [out, lastSize(windows.type)], initializer: init }];
    return conditionalBias(use, 'conv1d', requests, { shape: [out], bias }, (weights) =>
      use.emit('linear', [windows], withLast(windows.type, out), { weights }),
    );
  },
};

/** A bias that depends on a parameter exists only where the parameter says so. */
function conditionalBias(
  use: Use,
  name: string,
  requests: readonly WeightRequest[],
  extra: { readonly shape: readonly Expression[]; readonly bias: Expression },
  emit: (weights: Record<string, import('../../graph/graph.js').WeightPath>) => Value,
): Value {
  const all =
    extra.bias === false
      ? requests
      : [...requests, { role: 'bias', shape: extra.shape, initializer: zeros, when: extra.bias }];
  const weights = declareWeights(use.site, name, all);
  return weights ? emit(weights) : failed;
}

/** Rows of a table by token id, times `scale` (Vaswani et al. 2017, section 3.4: √d_model). */
const embedding: Builtin = {
  name: 'embedding',
  operands: 1,
  parameters: [...positional('rows', 'width'), ...named('scale', 'init')],
  run: (use) => {
    const tokens = use.stream(1, 'tokens');
    const scale = use.number('scale', 1);
    const table = embeddingTable(use);
    if (!tokens || !table || scale === undefined) return failed;
    if (tokens.type.dtype !== 'token' && tokens.type.dtype !== 'int') {
      use.checker.report('wrong_dtype', use.at, {
        callee: 'embedding',
        expected: 'tokens',
        found: showType(use.checker, tokens.type),
        fix: undefined,
      });
      return failed;
    }
    const of = tokens.input?.of;
    if (of !== undefined && !agree(use.checker, of, table.rows, use.at)) {
      use.checker.report('vocabulary_mismatch', use.at, {
        rows: use.checker.showSize(table.rows),
        of: use.checker.showSize(of),
        name: tokens.input?.name ?? tokens.id,
        fix: print(of),
      });
      return failed;
    }
    return use.emit(
      'embedding',
      [tokens],
      { dtype: 'float', shape: [...tokens.type.shape, table.width] },
      {
        weights: { weight: table.path },
        attributes: attributes({ scale }, { scale: 1 }),
        segments: tokens.segments,
      },
    );
  },
  table: (use) => embeddingTable(use),
};

function embeddingTable(use: Use): EmbeddingTable | undefined {
  const rows = use.size('rows');
  const width = use.size('width');
  if (rows === undefined || width === undefined) return undefined;
  // Row vectors of length about one, so that √width · row has unit-variance elements.
  const deviation: Expression = { kind: 'operator', operator: 'power', operands: [width, -0.5] };
  const init = use.initializer('init', { kind: 'normal', mean: 0, deviation });
  if (!init) return undefined;
  const weights = declareWeights(use.site, 'embedding', [{ role: 'weight', shape: [rows, width], initializer: init }]);
  const path = weights?.weight;
  return path && { path, rows, width };
}

/** Logits from the shared embedding table: x·Eᵀ (Press and Wolf 2017). */
const unembed: Builtin = {
  name: 'unembed',
  floats: true,
  operands: 1,
  parameters: positional('embedding'),
  run: (use) => {
    const x = use.stream(1, 'a value with features');
    const given = use.value('embedding');
    if (!x) return failed;
    const table = given?.kind === 'stage' ? given.table?.(use.site) : undefined;
    if (!table) {
      if (given?.kind !== 'error') {
        use.checker.report('wrong_kind', use.atArgument('embedding'), {
          expected: 'an embedding bound with let',
          found: given ? describe(given) : 'nothing',
        });
      }
      return failed;
    }
    const width = lastSize(x.type);
    if (!agree(use.checker, width, table.width, use.at)) {
      use.checker.report('dimension_mismatch', use.at, {
        name: 'the width of the embedding',
        expected: use.checker.showSize(table.width),
        found: use.checker.showSize(width),
        fix: `put linear(${print(table.width)}) before it`,
      });
      return failed;
    }
    return use.emit('unembed', [x], withLast(x.type, table.rows), {
      weights: { weight: table.path },
      segments: x.segments,
    });
  },
};

/** Ba et al. 2016; `affine: false` has no weights, `bias: false` no bias. */
const layerNorm: Builtin = {
  name: 'layer_norm',
  floats: true,
  preserves: true,
  operands: 1,
  parameters: named('eps', 'affine', 'bias'),
  run: (use) => norm(use, 'layer_norm', 1e-5),
};

/** Zhang and Sennrich 2019. */
const rmsNorm: Builtin = {
  name: 'rms_norm',
  floats: true,
  preserves: true,
  operands: 1,
  parameters: named('eps', 'affine'),
  run: (use) => norm(use, 'rms_norm', 1e-6),
};

function norm(use: Use, operator: 'layer_norm' | 'rms_norm', defaultEps: number): Value {
  const x = use.stream(1, 'a value with features');
  const eps = use.number('eps', defaultEps);
  const affine = use.flag('affine', true);
  const bias = operator === 'layer_norm' ? use.flag('bias', true) : false;
  if (!x || eps === undefined || affine === undefined || bias === undefined) return failed;
  const shape = [lastSize(x.type)];
  const requests: WeightRequest[] = [];
  if (affine !== false) requests.push({ role: 'weight', shape, initializer: ones, when: affine });
  if (affine !== false && bias !== false) {
    const when: Expression = affine === true ? bias : { kind: 'operator', operator: 'and', operands: [affine, bias] };
    requests.push({ role: 'bias', shape, initializer: zeros, when });
  }
  const weights = requests.length > 0 ? declareWeights(use.site, operator, requests) : {};
  if (!weights) return failed;
  return use.emit(
    operator,
    [x],
    { dtype: 'float', shape: x.type.shape },
    {
      weights,
      attributes: attributes({ eps }, { eps: defaultEps }),
      segments: x.segments,
    },
  );
}

/** Srivastava et al. 2014; acts in training only. A rate of 0 is no operator at all. */
const dropout: Builtin = {
  name: 'dropout',
  preserves: true,
  operands: 1,
  parameters: positional('rate'),
  run: (use) => {
    const x = use.tensor(0);
    const rate = use.number('rate');
    if (!x || rate === undefined) return failed;
    return rate === 0 ? x : use.emit('dropout', [x], x.type, { attributes: { rate }, segments: x.segments });
  },
};

/** A raw weight: class token, layer scale, sinks, bias tables. */
const weight: Builtin = {
  name: 'weight',
  operands: 0,
  rest: 'shape',
  parameters: named('init', 'trained'),
  run: (use) => {
    const shape = use.rest.map((given) => use.asSize(given));
    const init: Initializer | undefined = use.initializer('init', { kind: 'normal', mean: 0, deviation: 0.02 });
    const trained = use.flag('trained', true);
    if (!init || trained === undefined || shape.some((s) => s === undefined)) return failed;
    const sizes = shape.flatMap((s) => (s === undefined ? [] : [s]));
    const weights = declareWeights(use.site, 'weight', [
      { role: '', shape: sizes, initializer: init, trained: trained !== false },
    ]);
    const path = weights?.[''];
    if (!path) return failed;
    return use.emit('weight', [], { dtype: 'float', shape: sizes }, { weights: { weight: path } });
  },
};

export const layers: readonly Builtin[] = [linear, conv1d, embedding, unembed, layerNorm, rmsNorm, dropout, weight];
