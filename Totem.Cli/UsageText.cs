using System.CommandLine;
using System.CommandLine.Parsing;
using Totem.Platform.Programs;

namespace Totem.Cli;

/// <summary>The errors of a command line, in this command's words; the parser's name its own types, in the language of
/// the system.</summary>
internal static class UsageText
{
    public static string Of(ParseError error, ParseResult parsed)
    {
        if (parsed.UnmatchedTokens.FirstOrDefault(token =>
            error.Message.Contains($"'{token}'", StringComparison.Ordinal)) is { } stray)
            return Stray(stray, parsed.CommandResult.Command);
        if (error.SymbolResult is not OptionResult { Option: var option } given || error.Message.StartsWith('-'))
            return error.Message;
        return given.Tokens.Count switch
        {
            0 => $"'{option.Name}' has no value, expected {option.HelpName ?? "one"} behind it",
            1 => $"'{option.Name}' is '{given.Tokens[0].Value}', expected {option.HelpName ?? "another value"}",
            var count => $"'{option.Name}' has {count} values, expected one",
        };
    }

    private static string Stray(string token, Command command)
    {
        if (token.StartsWith('-'))
            return "there is no option "
                + $"'{token}'{Suggestion.For(token, command.Options.Select(option => option.Name))}";
        return command.Subcommands.Count > 0
            ? "there is no command "
                + $"'{token}'{Suggestion.For(token, command.Subcommands.Where(x => !x.Hidden).Select(x => x.Name))}"
            : $"'{token}' is one argument too many";
    }
}
