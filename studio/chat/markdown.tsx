import { lexer, type Token, type Tokens } from 'marked';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { visible } from '../../src/cli/terminal/visible.ts';
import { copied } from '../parts/copied.ts';
import { IconButton } from '../parts/icon.tsx';

/**
 * A text with the marks of Markdown, as elements that are made here one by one: markup in it stays text, pictures are named and
 * not fetched, and links lead to pages of the web or nowhere.
 */
export function Markdown({ text }: { readonly text: string }) {
  const json = jsonIn(text);
  if (json !== undefined) return <Code text={json} language="json" />;
  return <>{lexer(text, { gfm: true, breaks: true }).map(block)}</>;
}

/** An answer that is one JSON object or list, in lines. */
function jsonIn(text: string): string | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return undefined;
  }
}

function block(token: Token, key: number): ComponentChildren {
  const { type } = token;
  if (type === 'space') return null;
  if (type === 'hr') return <hr key={key} />;
  if (type === 'code') return <Code key={key} text={token.text as string} language={token.lang as string} />;
  if (type === 'blockquote') return <blockquote key={key}>{(token.tokens ?? []).map(block)}</blockquote>;
  if (type === 'list') return <List key={key} list={token as Tokens.List} />;
  if (type === 'table') return <Table key={key} table={token as Tokens.Table} />;
  if (type === 'heading')
    return (
      <p key={key} class="heading">
        {inlines(token.tokens)}
      </p>
    );
  if (type === 'text' && !token.tokens) return <p key={key}>{visible(token.raw)}</p>;
  if (type === 'paragraph' || type === 'text') return <p key={key}>{inlines(token.tokens)}</p>;
  return <p key={key}>{visible(token.raw)}</p>;
}

function List({ list: { ordered, start, items } }: { readonly list: Tokens.List }) {
  const rows = items.map((item, key) => (
    <li key={key}>
      {item.tokens.map((token, n) =>
        token.type === 'text' ? inlines(token.tokens ?? [token]) : block(token, n),
      )}
    </li>
  ));
  return ordered ? <ol start={start === '' ? undefined : start}>{rows}</ol> : <ul>{rows}</ul>;
}

function Table({ table: { header, rows } }: { readonly table: Tokens.Table }) {
  return (
    <div class="scroll" role="region" aria-label="Table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {header.map((cell, key) => (
              <th key={key} scope="col">
                {inlines(cell.tokens)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, key) => (
            <tr key={key}>
              {row.map((cell, n) => (
                <td key={n}>{inlines(cell.tokens)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const inlines = (tokens: readonly Token[] = []): ComponentChildren => tokens.map(inline);

function inline(token: Token, key: number): ComponentChildren {
  const { type } = token;
  if (type === 'br') return <br key={key} />;
  if (type === 'strong') return <strong key={key}>{inlines(token.tokens)}</strong>;
  if (type === 'em') return <em key={key}>{inlines(token.tokens)}</em>;
  if (type === 'del') return <s key={key}>{inlines(token.tokens)}</s>;
  if (type === 'codespan') return <code key={key}>{visible(token.text as string)}</code>;
  if (type === 'link' && /^https?:\/\//.test(token.href as string))
    return (
      <a key={key} href={token.href as string} target="_blank" rel="noreferrer noopener">
        {inlines(token.tokens)}
      </a>
    );
  if (type === 'escape') return visible(token.text as string);
  if (type === 'text' && token.tokens) return inlines(token.tokens);
  return visible(token.raw);
}

/** Code, with a button that copies it. */
function Code({ text, language }: { readonly text: string; readonly language?: string }) {
  return (
    <figure class="code">
      <figcaption>
        <span>{language ? visible(language) : 'code'}</span>
        <span>
          <CopyButton text={text} what="the code" />
        </span>
      </figcaption>
      <pre role="group" tabIndex={0} aria-label="Code">
        <code>{visible(text)}</code>
      </pre>
    </figure>
  );
}

const saidMs = 1500;

/** Copies a text, and says for a moment that it did, or that the browser didn't let it. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const [said, setSaid] = useState<'Copied' | 'Not copied' | undefined>(undefined);
  const say = (what: typeof said): void => {
    setSaid(what);
    setTimeout(() => setSaid(undefined), saidMs);
  };
  return (
    <>
      <IconButton
        icon={said === 'Copied' ? 'done' : 'copy'}
        name={`Copy ${what}`}
        hint="Copy"
        onClick={() => void copied(text).then((isCopied) => say(isCopied ? 'Copied' : 'Not copied'))}
      />
      <span class={said === 'Not copied' ? 'quiet' : 'hidden'} role="status">
        {said}
      </span>
    </>
  );
}
