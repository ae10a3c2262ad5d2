"""The waist: who are the best partners at these prices?"""
