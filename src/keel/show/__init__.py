"""What people see: progress, pages, charts, and spans of what took how long."""
