"""What of a policy can be kept, counted over kinds of schools, and what has to give way where not all can."""
