import { toolVersion } from './version.js';

/** What `tfm init` writes, by name. `package.json` only where there is none. */
export function starterFiles(withManifest: boolean): Readonly<Record<string, string>> {
  return {
    'gpt.tfm': spec,
    'main.ts': script,
    'tfm.config.json': `${JSON.stringify({ specs: ['.'] }, null, 2)}\n`,
    'tsconfig.json': typescript,
    ...(withManifest && { 'package.json': manifest() }),
  };
}

const spec = `import { FeedForward } from "std/layers"

/// A small GPT over characters: pre-norm layers, causal attention, the embedding used twice.
model Gpt(vocab = 128, context = 64, width = 64, depth = 2, heads = 4, drop = 0.1) {
  require width % heads == 0 : "heads must divide width; {width} % {heads} is {width % heads}"

  input tokens: token[B, T <= context] of vocab start 0

  let embed = embedding(vocab, width)

  output logits: float[B, T, vocab] =
    tokens -> embed -> learned_positions(context) as positions -> dropout(drop)
      -> repeat(depth) as layers { Layer }
      -> layer_norm as norm -> unembed(embed)

  block Layer =
    residual { layer_norm as norm_1 -> attention(heads, mask: causal) -> dropout(drop) }
    -> residual { layer_norm as norm_2 -> FeedForward(4 * width, gelu) as feed_forward -> dropout(drop) }

  generate tokens from logits
  train logits with cross_entropy
}
`;

const script = `import { useBackend } from '@tfm-lang/runtime';
import { Gpt } from './gpt.tfm.js';

// WebGPU where there is an adapter, else WebAssembly.
console.log('backend', await useBackend());

// Fresh weights: the same for the same seed. Gpt.load('model.safetensors') reads trained ones.
const model = Gpt.init({ seed: 1 });

const prompt = [...'to be or not to be'].map((character) => character.charCodeAt(0));
const { logits } = model.forward({ tokens: [prompt] });
console.log('logits', logits.shape);
logits.dispose();

for await (const token of model.generate({ tokens: prompt }, { maxNewTokens: 16, temperature: 0.8, seed: 7 })) {
  process.stdout.write(\`\${token} \`);
}
console.log();
model.dispose();
`;

const typescript = `${JSON.stringify(
  {
    compilerOptions: {
      target: 'es2022',
      module: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
      skipLibCheck: true,
      outDir: 'dist',
      types: ['node'],
    },
    include: ['*.ts'],
  },
  null,
  2,
)}\n`;

function manifest(): string {
  const version = toolVersion();
  const tfjs = '4.22.0';
  const content = {
    name: 'my-model',
    private: true,
    type: 'module',
    scripts: { build: 'tfm build && tsc', start: 'npm run build && node dist/main.js' },
    dependencies: {
      '@tensorflow/tfjs': tfjs,
      '@tensorflow/tfjs-backend-wasm': tfjs,
      '@tensorflow/tfjs-backend-webgpu': tfjs,
      '@tfm-lang/runtime': version,
    },
    devDependencies: { '@tfm-lang/compiler': version, '@types/node': '^20', typescript: '^5.9 || ^6' },
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}
