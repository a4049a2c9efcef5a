"""Finding passages: read documents, cut them into chunks, embed, index, search, fuse, rerank, measure."""
