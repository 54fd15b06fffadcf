"""What a family is trained with: its interface, several processes, and online learning on one video."""
