"""What a supervising process and its children share. Standard library only: the supervisor must outlive every bug."""
