"""Two versions of mfnet side by side: an earlier commit, and the tree as it is."""
