"""`russet shims`: wheels of the originals' names, small ones that need Russet, for installers that would bring the originals."""
