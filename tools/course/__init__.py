"""The course's pages: what is measured in them is written by this program.

python -m tools.course                 rewrite every block, number, picture and notebook
python -m tools.course --translated    the Chinese sections are those of the English ones now
"""
