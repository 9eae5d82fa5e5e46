# SPDX-License-Identifier: GPL-2.0-only
"""How the report looks: tables, folds, the page around them and its style. No figures here."""

import html
import re


class Html(str):
    """Markup, not to be escaped again."""


def esc(value):
    return value if isinstance(value, Html) else Html(html.escape(str(value)))


def join(parts, between=""):
    return Html(between.join(esc(part) for part in parts))


def tag(name, content, **attributes):
    """`tag("p", text, class_="how")`. Content that is no Html is escaped."""
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
                    for key, value in attributes.items() if value is not None)
    return Html(f"<{name}{given}>{esc(content)}</{name}>")


def code(text):
    """Long names may break behind a `_` or `/`."""
    return Html("<code>" + re.sub(r"([_/])(?=\w)", r"\1<wbr>", esc(text)) + "</code>")


def paragraph(*parts, **attributes):
    return tag("p", join(parts), **attributes)


def again(*commands):
    """The commands that repeat the figures above."""
    return paragraph("Again: ", join([code(command) for command in commands], ", "), class_="again")


def scrolling(label, content):
    """A box of its own, so that what is wide does not widen the page."""
    return tag("div", content, class_="box", tabindex="0", role="region", aria_label=label)


def table(caption, heads, rows, classes=""):
    """`heads`: a title each, `#Title` for numbers. The first cell of a row names the row."""
    numeric = [head.startswith("#") for head in heads]
    top = join([tag("th", head.lstrip("#"), scope="col", class_="n" if number else None)
                for head, number in zip(heads, numeric)])
    body = []
    for row in rows:
        cells = [tag("th", row[0], scope="row")]
        cells += [tag("td", cell, class_="n" if number else None)
                  for cell, number in zip(row[1:], numeric[1:])]
        body.append(Html(f"<tr>{join(cells)}</tr>\n"))
    return scrolling(caption, Html(
        f'<table class="{classes}"><caption>{esc(caption)}</caption>\n<thead><tr>{top}</tr></thead>\n'
        f"<tbody>\n{join(body)}</tbody></table>"))


def fold(summary, content, **attributes):
    return Html(tag("details", join([tag("summary", summary), content]), **attributes))


def section(name, title, *content):
    return Html(f'<section aria-labelledby="{name}">\n<h2 id="{name}">{esc(title)}</h2>\n'
                + join(content, "\n") + "\n</section>\n")


def figure(caption, content):
    return tag("figure", join([content, tag("figcaption", caption)]))


# ---- numbers ----

def count(value):
    return "not measured" if value is None else f"{value:,.0f}"


def rate(value):
    """Per second: three figures are enough."""
    if value is None:
        return "-"
    for limit, unit in ((1e6, " M"), (1e3, " k")):
        if value >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


def seconds(value):
    if value is None:
        return "not found"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def short(value):
    """Three figures, and no powers of ten; what is no number as it is."""
    if value is None or isinstance(value, (str, bool)):
        return "-" if value is None else str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


# ---- the page ----

STYLE = """
:root{--paper:#fff;--ink:#1b1f24;--soft:#57606a;--rule:#d0d7de;--shade:#f3f4f6;--link:#0a58a8;
--good:#12652b;--bad:#a81e17;--c0:#0a58a8;--c1:#a63d08;--c2:#6b3fa0;--c3:#1f6b33;--c4:#57606a}
@media screen and (prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e6e9ee;--soft:#a4adb8;
--rule:#3a424c;--shade:#1f242a;--link:#7fb4f0;--good:#7ccb8d;--bad:#ff9a91;--c0:#7fb4f0;--c1:#f0985f;
--c2:#c5a3f0;--c3:#7ccb8d;--c4:#b0b8c2}}
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.45 system-ui,"Segoe UI","DejaVu Sans",Arial,sans-serif}
header,main,footer{max-width:1240px;margin:0 auto;padding:0 16px}
header{padding-top:20px}
h1{font-size:1.6rem;line-height:1.2;margin:0 0 4px}
h2{font-size:1.22rem;margin:2.2rem 0 .5rem;padding-top:.5rem;border-top:2px solid var(--ink)}
h3{font-size:1.03rem;margin:1.4rem 0 .4rem}
p{margin:.5rem 0;max-width:78ch;overflow-wrap:anywhere}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-999px;top:0;background:var(--paper);padding:8px 12px;z-index:1}
.skip:focus{left:8px}
nav ul{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:.6rem 0;padding:0}
nav a{display:inline-block;padding:3px 0}
code,pre{font:.88em/1.4 ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}
code{overflow-wrap:anywhere}
pre{margin:.5rem 0;padding:8px 10px;background:var(--shade);border:1px solid var(--rule);
overflow-x:auto}
.again,.soft,figcaption{color:var(--soft)}
.again code{color:var(--ink)}
.note{border-left:4px solid var(--ink);padding:2px 12px;background:var(--shade);margin:1rem 0}
.note ul{margin:.3rem 0;padding-left:1.2em}
.good{color:var(--good);font-weight:600;white-space:nowrap}
.bad{color:var(--bad);font-weight:700;white-space:nowrap}
.box{overflow-x:auto;margin:.7rem 0;max-width:100%}
table{border-collapse:collapse;font-size:.92em;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:4px 0;color:var(--ink)}
th,td{text-align:left;vertical-align:top;padding:3px 12px 3px 0;border-bottom:1px solid var(--rule)}
th:last-child,td:last-child{padding-right:2px}
thead th{border-bottom:1.5px solid var(--ink);vertical-align:bottom;font-weight:600}
tbody th{font-weight:500}
.again code,td code{overflow-wrap:normal}.firm tbody th,.first td code{white-space:nowrap}
.n{text-align:right;white-space:nowrap}
.wrap tbody th,.wrap td{min-width:9ch}
.first tbody th{min-width:min(38ch,60vw)}
details{margin:.35rem 0}
summary{cursor:pointer;padding:4px 0}
details.bug{border-top:1px solid var(--rule);margin:0}
details.bug>summary{padding:6px 0}
details.bug[open]{padding-bottom:14px}
figure{margin:.7rem 0;min-width:0}
figcaption{font-size:.92em;max-width:78ch}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,500px),1fr));gap:8px 28px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:.5rem 0}
dt{color:var(--soft)}dd{margin:0;min-width:0;overflow-wrap:anywhere}
footer{margin-top:3rem;padding-bottom:2rem;color:var(--soft)}
.box svg{display:block;height:auto;width:100%}
.box svg.chart{min-width:520px;max-width:760px}
.box svg.matrix{min-width:820px;max-width:980px}
.box svg.p2m{min-width:800px;max-width:1180px}
.chart text,.matrix text{font:12px system-ui,"DejaVu Sans",Arial,sans-serif;fill:var(--ink)}
.chart .soft,.matrix .soft{fill:var(--soft)}
.end{text-anchor:end}.mid{text-anchor:middle}
.axis{stroke:var(--soft);fill:none}.grid{stroke:var(--rule);fill:none}
.line{fill:none;stroke-width:2}.band{opacity:.13;stroke:none}.dot{fill-opacity:.45;stroke:none}
.c0{stroke:var(--c0);fill:var(--c0)}.c1{stroke:var(--c1);fill:var(--c1)}
.c2{stroke:var(--c2);fill:var(--c2)}.c3{stroke:var(--c3);fill:var(--c3)}
.c4{stroke:var(--c4);fill:var(--c4)}
.line.c0,.line.c1,.line.c2,.line.c3,.line.c4{fill:none}
.mark{fill:var(--paper);stroke-width:1.8}
.chart text.c0,.chart text.c1,.chart text.c2,.chart text.c3,.chart text.c4{stroke:none;font-weight:600}
.chart text.c0{fill:var(--c0)}.chart text.c1{fill:var(--c1)}.chart text.c2{fill:var(--c2)}
.chart text.c3{fill:var(--c3)}.chart text.c4{fill:var(--c4)}
.met{fill:var(--c0)}.never{fill:none;stroke:var(--bad);stroke-width:2}.cannot{fill:var(--rule)}
.hidden{position:absolute;width:0;height:0}
@media (max-width:560px){dl{grid-template-columns:1fr}dd{margin-bottom:4px}h1{font-size:1.35rem}}
@media print{body{font-size:10pt}header,main,footer{max-width:none;padding:0}
nav,.skip,details.bug:not([open]),.screen{display:none}.box{overflow:visible}
h2,h3,caption,summary{break-after:avoid}tr,figure,.pair{break-inside:avoid}
table{font-size:8.5pt}a{color:inherit;text-decoration:none}
.box svg.chart,.box svg.matrix,.box svg.p2m{min-width:0}
thead{display:table-header-group}}
"""


def page(title, lede, sections, shared):
    """`sections`: (name, title, Html) each. `shared`: what all drawings of trees have in common."""
    links = join([tag("li", tag("a", heading, href=f"#{name}")) for name, heading, _ in sections])
    return (f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{esc(title)}</title>\n'
            '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
            f"<style>{STYLE}</style>\n</head>\n<body>\n"
            '<a class="skip" href="#main">To the content</a>\n'
            f"<header>\n<h1>{esc(title)}</h1>\n{esc(lede)}\n"
            f'<nav aria-label="Sections"><ul>{links}</ul></nav>\n</header>\n{shared}\n'
            '<main id="main" tabindex="-1">\n' + "".join(content for _, _, content in sections) +
            "</main>\n<footer>\n" + paragraph("Made by ", code("make report"), " from the files in build/; "
            "one file, no scripts, nothing loaded.") + "\n</footer>\n</body>\n</html>\n")
