"""What is computed from the pictures of a video without a network: flow, colours, squares, lucid dreams."""
