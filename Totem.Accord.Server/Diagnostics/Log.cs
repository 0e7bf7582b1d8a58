using Microsoft.Extensions.Logging;

namespace Totem.Accord.Server.Diagnostics;

/// <summary>Everything a conductor says. Event ids 2000 to 2099.</summary>
internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Information, "Conductor {Self} listens at {Addresses}")]
    public static partial void Listens(ILogger logger, string self, string addresses);

    [LoggerMessage(2001, LogLevel.Information, "Primary component {Component}: {Conductors}; voters {Voters}")]
    public static partial void Primary(ILogger logger, string component, string conductors, string voters);

    [LoggerMessage(2002, LogLevel.Warning, "No primary component ({Verdict}): writes are refused")]
    public static partial void Minority(ILogger logger, string verdict);

    [LoggerMessage(2003, LogLevel.Information, "Fetching the state of component {Component} from {Donor}")]
    public static partial void Fetches(ILogger logger, string component, string donor);

    [LoggerMessage(2004, LogLevel.Warning, "The transfer from {Donor} broke off: {Reason}")]
    public static partial void FetchFailed(ILogger logger, string donor, string reason);

    [LoggerMessage(2005, LogLevel.Warning, "Closing {Client} at {Address}: {Reason}")]
    public static partial void Closes(ILogger logger, string client, string address, string reason);

    [LoggerMessage(2006, LogLevel.Critical, "The state of this conductor differs from that of the others; it leaves")]
    public static partial void Differs(ILogger logger);

    [LoggerMessage(2007, LogLevel.Error, "The conductor stops: {Reason}")]
    public static partial void Stops(ILogger logger, string reason);
}
