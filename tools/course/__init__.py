"""Generates the measured parts of the course's pages.

python -m tools.course                 rewrite every block, number, picture and notebook
python -m tools.course --translated    mark the Chinese sections as up to date with the English
"""
