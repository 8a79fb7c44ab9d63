"""What a stack costs: dated prices, quantities from settings and usage, estimate and budget.

Pure: decimal arithmetic over settings; nothing here imports Pulumi or boto3 or asks AWS.
"""
