"""History as tables: columns, labels and the formats they are written in. Pure: rows in, bytes out."""
