"""What paths say about users who have not reached a goal yet."""
