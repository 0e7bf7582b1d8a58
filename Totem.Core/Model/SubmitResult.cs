namespace Totem;

/// <summary>The outcome of a submission.</summary>
public enum SubmitResult
{
    /// <summary>The message is queued and will be sent in the next regular configuration, or in this one.</summary>
    Accepted,

    /// <summary>The send queue is full; submit again once <c>SendQueueFreeBytes</c> has grown.</summary>
    Backpressured,

    /// <summary>The processor has left, or has not been started.</summary>
    NotRunning,
}
