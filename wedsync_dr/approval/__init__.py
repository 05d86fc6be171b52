"""Two people before anything is destroyed: requests, approvals, and who may go alone."""
