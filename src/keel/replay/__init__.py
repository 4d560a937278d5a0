"""What has been, served again day by day, to see what the monitoring would have said."""
