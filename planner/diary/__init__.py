"""When can the clinic treat? Pure: wall-clock time comes in, free time comes out."""
