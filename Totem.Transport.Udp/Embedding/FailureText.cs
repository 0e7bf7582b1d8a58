using System.ComponentModel;
using System.Net.Sockets;
using Totem.Transport.Udp.Corosync;

namespace Totem.Transport.Udp.Embedding;

/// <summary>The words of an exception for the operator of a program that embeds this: what happened and what was
/// expected, a line a problem, and never a type's name or a stack. Those who mend a defect get the place it came
/// from.</summary>
public static class FailureText
{
    /// <summary>The configuration, the machine, the network or the caller's arguments: the message
    /// says all there is to say.</summary>
    public static bool IsForeseen(Exception failure) =>
        Cause(failure) is CorosyncConfException or TransportException or RingFailedException
        or IOException or UnauthorizedAccessException or InvalidDataException or FormatException or ArgumentException
        or SocketException
        or Win32Exception or TimeoutException or OperationCanceledException or OutOfMemoryException;

    /// <summary>The text; more than one line when there are several problems.</summary>
    public static string Of(Exception failure)
    {
        var cause = Cause(failure);
        var message = cause switch
        {
            OutOfMemoryException => "no memory",
            ArgumentException { ParamName: { } name } => WithoutEnd(cause.Message, $" (Parameter '{name}')"),
            _ => cause.Message,
        };
        return IsForeseen(cause) ? message
            : $"a defect of the library: {Reason(message.ReplaceLineEndings(" "))}{Place(cause)}";
    }

    /// <summary>The fate of a file that a person named, without the runtime's words: those take a directory for
    /// forbidden, and a file that cannot be made for one that is not there.</summary>
    public static string OfFile(string path, Exception failure, bool isWritten = false) => Cause(failure) switch
    {
        _ when Directory.Exists(path) => $"{path}: is a directory, expected a file",
        FileNotFoundException or DirectoryNotFoundException
            when Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder)
            => $"{path}: there is no directory {folder}",
        FileNotFoundException or DirectoryNotFoundException =>
            $"{path}: {(isWritten ? "no file can be made there" : "there is no such file")}",
        UnauthorizedAccessException => $"{path}: this user may not open it",
        _ => $"{path}: {Of(failure).Replace($" : '{path}'", "", StringComparison.Ordinal).TrimEnd('.')}",
    };

    /// <summary>The exceptions inside of those that only say where it happened: a task, the first
    /// use of a type.</summary>
    public static Exception Cause(Exception failure) => failure switch
    {
        AggregateException { InnerExceptions: [var only] } => Cause(only),
        TypeInitializationException { InnerException: { } inner } => Cause(inner),
        _ => failure,
    };

    /// <summary>Without the runtime's words for an exception that has none of its own: those name its type.</summary>
    private static string Reason(string message)
    {
        const string start = "Exception of type '", end = "' was thrown.";
        var at = message.StartsWith(start, StringComparison.Ordinal)
            ? message.IndexOf(end, StringComparison.Ordinal)
            : -1;
        var reason = at < 0 ? message : message[(at + end.Length)..].Trim();
        return reason.Length > 0 ? reason : "it gave no reason";
    }

    private static string WithoutEnd(string text, string end) =>
        text.EndsWith(end, StringComparison.Ordinal) ? text[..^end.Length] : text;

    /// <summary>The first frame of the stack: <c>at NAME(…) in …</c>.</summary>
    private static string Place(Exception failure)
    {
        var frame = failure.StackTrace.AsSpan().TrimStart();
        var end = frame.IndexOfAny('(', '\n');
        var name = end < 0 ? frame : frame[..end];
        return name.LastIndexOf(' ') is >= 0 and var space ? $" ({name[(space + 1)..]})" : "";
    }
}
