"""A clean 7 for the tests of ``to_mnist``: to draw it, and to know it again."""

from PIL import Image, ImageDraw

from mnist_cnn.handwriting import to_mnist


def draw_seven(size=(160, 120), ink=30, paper=225, width=10, at=(60, 25)):
    """A 7, 60 wide and 80 tall, as an 8-bit grey picture of (width, height)."""
    image = Image.new("L", size, paper)
    x, y = at
    corners = [(x, y), (x + 45, y), (x + 15, y + 70)]
    ImageDraw.Draw(image).line(corners, fill=ink, width=width, joint="curve")
    return image


def is_seven(image):
    """Whether this is what the plain drawing gives, a pixel higher or lower."""
    expected = to_mnist(draw_seven())
    nearest = min(
        (image.roll((dy, dx), (1, 2)) - expected).abs().mean()
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
    )
    return image.shape == (1, 28, 28) and nearest < 0.03
