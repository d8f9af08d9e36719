"""A sheet to print, on which a class writes digits for ``mc.find_digits`` to cut.

    python docs/sheet.py    # writes sheet.pdf; make site puts it on the website

Row d is for the digit d, so that its row is its label. What is printed is so small
beside a written digit that ``find_digits`` leaves it out.
"""

import logging

from matplotlib.figure import Figure

WIDTH, HEIGHT = 210, 297  # millimetres: A4; on US Letter, print it to fit the page
ROWS, COLUMNS = 10, 8
LEFT, TOP, CELL = 26, 34, (21.0, 24.5)  # where the first cell begins; width, height
PALE = "0.6"  # grey
HEAD = (
    "Row 0 is for zeros, row 1 for ones, and so on: eight of each, by one hand.",
    "Write with a dark pen, a digit to a cell, half as tall as the cell or more. "
    "None touches another.",
)


def middle(row: int, column: int) -> tuple[float, float]:
    """Of a cell, in millimetres from the left and from the top."""
    return LEFT + CELL[0] * (column + 0.5), TOP + CELL[1] * (row + 0.5)


def draw() -> Figure:
    """The sheet, to be saved as PDF or as a picture."""
    fig = Figure(figsize=(WIDTH / 25.4, HEIGHT / 25.4))
    ax = fig.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(HEIGHT, 0))
    ax.set_axis_off()
    for line, text in enumerate(HEAD):
        ax.text(LEFT, 14 + 9 * line, text, fontsize=7, color=PALE)
    for row in range(ROWS + 1):
        for column in range(COLUMNS + 1):
            corner = LEFT + CELL[0] * column, TOP + CELL[1] * row
            ax.plot(*corner, "+", color="black", markersize=4, markeredgewidth=0.5)
    for row in range(ROWS):
        ax.text(LEFT - 8, middle(row, 0)[1], str(row), fontsize=7, va="center")
    return fig


def save(path: str) -> None:
    """The same file each time: no date, and no version."""
    nothing = dict.fromkeys(("CreationDate", "Creator", "Producer"))
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells all it does
    draw().savefig(path, metadata=nothing)


if __name__ == "__main__":
    save("sheet.pdf")
