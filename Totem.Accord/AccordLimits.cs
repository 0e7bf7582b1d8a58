namespace Totem.Accord;

/// <summary>
/// Every limit of the store, in one place. All conductors must have the same ones, because some decide what an ordered
/// request does; so none of those is an option.
/// </summary>
public static class AccordLimits
{
    /// <summary>The longest path in bytes, its closing zero included.</summary>
    public const int PathBytesMax = 4096;

    /// <summary>The longest value, and where the last byte of a write may end.</summary>
    public const int ValueBytesMax = 64 << 20;

    /// <summary>The most data bytes behind a header: a value with its path, or a whole transaction.</summary>
    public const int MessageDataBytesMax = ValueBytesMax + (64 << 10);

    /// <summary>The most argument bytes of an answer.</summary>
    public const int AnswerBytesMax = ValueBytesMax + (64 << 10);

    /// <summary>The most operations of a transaction, as the client library documents it.</summary>
    public const int TransactionOperationsMax = 65_535;

    /// <summary>The most watches of one client.</summary>
    public const int WatchesPerClientMax = 10_000;

    /// <summary>A client with so many unanswered requests is not read until some are answered.</summary>
    public const int UnansweredRequestsMax = 10_000;

    /// <summary>A client with so many bytes of unanswered requests is not read until some are answered.</summary>
    public const int UnansweredBytesMax = 4 << 20;

    /// <summary>A client that leaves so many bytes of answers and events unread is closed.</summary>
    public const int UnsentBytesMax = 16 << 20;

    /// <summary>The most clients of one conductor.</summary>
    public const int ClientsPerConductorMax = 16_384;

    /// <summary>
    /// The most clients of the old dialect on all conductors together. N of them that join one after the other cost
    /// 8 N³/3 bytes of notices: 512 cost 358 MB.
    /// </summary>
    public const int OldClientsMax = 512;

    /// <summary>The most bytes of paths and values; beyond it writes are refused, reads and deletes go on.</summary>
    public const long StoredBytesMax = 4L << 30;

    /// <summary>The bytes that count for each path besides its own and its value's.</summary>
    public const int StoredBytesPerPath = 64;
}
