import { type Browser, chromium } from 'playwright-core';
import { hasChromiumPackage, unpackChromium } from '../../scripts/chromium-package.mjs';
import { usesSwiftShader } from '../../scripts/swiftshader.mjs';

/** Nothing but the pages of a test is asked of the network. */
const quiet = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
];

/** The Chromium that comes as a package, on SwiftShader; where there is none for this system, the Chrome that is installed. */
export async function launchBrowser(): Promise<Browser> {
  const adapter = usesSwiftShader() ? ['--use-webgpu-adapter=swiftshader'] : [];
  const args = ['--enable-unsafe-webgpu', ...adapter, '--no-sandbox', ...quiet];
  if (!hasChromiumPackage) return chromium.launch({ channel: 'chrome', args });
  const folder = unpackChromium();
  const libraries = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  const env = { ...process.env, LD_LIBRARY_PATH: libraries } as Record<string, string>;
  return chromium.launch({ executablePath: `${folder}/chromium`, args, env });
}
