#!/usr/bin/env python3
"""screen_svg.py TITLE <PANE >SVG: what `tmux capture-pane -p -e` printed, as a picture of a terminal."""
import html
import re
import sys

WIDTH, HEIGHT, MARGIN = 7.8, 17, 14  # of a character of 13 px; of a line
COLOURS = {"31": "#ff7b72", "32": "#4cc26a", "33": "#e3b341"}
SEQUENCE = re.compile(r"\x1b\[([0-9;]*)m")
WORDS = re.compile(r"\S+(?: \S+)*")  # a browser makes one blank of several

lines = [line.rstrip() for line in sys.stdin.read().rstrip().split("\n")]
columns = max(len(SEQUENCE.sub("", line)) for line in lines)
width, height = columns * WIDTH + 2 * MARGIN, len(lines) * HEIGHT + 2 * MARGIN

print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}" role="img">')
print(f"<title>{html.escape(sys.argv[1])}</title>")
print('<rect width="100%" height="100%" rx="8" fill="#161b22"/>')
print('<g font-family="ui-monospace,Menlo,Consolas,monospace" font-size="13" fill="#d6dde6">')
style = ""
for number, line in enumerate(lines):
    column = 0
    for index, part in enumerate(SEQUENCE.split(line)):
        if index % 2:
            codes = part.split(";")
            style = next((f' fill="{COLOURS[code]}"' for code in codes if code in COLOURS), "")
            style += ' font-weight="bold"' if "1" in codes else ""
        else:
            for words in WORDS.finditer(part):
                x, y = MARGIN + (column + words.start()) * WIDTH, MARGIN + number * HEIGHT + 13
                length = len(words[0]) * WIDTH
                print(f'<text x="{x:.1f}" y="{y}" textLength="{length:.1f}"{style}>{html.escape(words[0])}</text>')
            column += len(part)
print("</g></svg>")
